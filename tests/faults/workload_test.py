#!/usr/bin/env python3
"""What hurts and what reads: a proxy does what it is told, and a reader sees what is wrong."""
import os
import socket
import sys
import tempfile
import types
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True

import cuts  # noqa: E402
from checks import FALSE  # noqa: E402
from servers import Proxy  # noqa: E402
from workload import Context, Done, Reader  # noqa: E402


class Hurt(unittest.TestCase):
    def setUp(self):
        """A client and what it is connected to, through a proxy."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.proxy = Proxy(listener.getsockname()[1])
            self.client = socket.create_connection(("127.0.0.1", self.proxy.port), timeout=5)
            self.server, _ = listener.accept()
        self.client.settimeout(0.3)
        self.server.settimeout(5)
        for one in (self.client.close, self.server.close, self.proxy.close):
            self.addCleanup(one)

    def received(self, count):
        data = b""
        while len(data) < count and (part := self.client.recv(100)):
            data += part
        return data

    def test_reset(self):
        self.proxy.limits = {"down": 5}
        self.server.sendall(b"0123456789")
        with self.assertRaises(ConnectionResetError):
            self.received(6)

    def test_silent(self):
        self.proxy.silencing, self.proxy.limits = True, {"down": 5}
        self.server.sendall(b"0123456789")
        self.assertEqual(self.received(5), b"01234")
        self.server.close()
        with self.assertRaises(TimeoutError):
            self.client.recv(1)
        with socket.create_connection(("127.0.0.1", self.proxy.port), timeout=0.3) as another, self.assertRaises(TimeoutError):
            another.recv(1)
        self.client.shutdown(socket.SHUT_WR)
        self.proxy.heal()
        self.proxy.drain()
        self.assertEqual(self.received(6), b"56789")
        self.assertFalse(self.proxy.pairs)

    def test_trickles(self):
        self.proxy.trickling = True
        sent = []

        def send(part):
            sent.append(part)
        self.proxy._pass(types.SimpleNamespace(sendall=send), b"MSG\r\n\xff")
        self.assertEqual(sent, [b"M", b"S", b"G", b"\r", b"\n", b"\xff"])
        sent.clear()
        self.proxy._pass(types.SimpleNamespace(sendall=send), b"INFO {\r\n")
        self.assertEqual(sent, [b"I", b"N", b"F", b"O", b" ", b"{", b"\r\n"])
        self.server.sendall(b"0123456789" * 10)
        self.assertEqual(self.received(100), b"0123456789" * 10)


class Cut(unittest.TestCase):
    def check(self, how, status, *expected, silencing=False, trickling=False, limits=None):
        class Line(Context):
            def run(self, words, limit=None, data=None):
                told.append((proxy.silencing, proxy.trickling, proxy.limits))
                return Done(words, status, b"7", b"", 1.0, 2.0, 1)
        told, healed = [], []
        proxy = types.SimpleNamespace(heal=lambda: healed.append("heal"), drain=lambda: healed.append("drain"))
        one = cuts.Cuts(Line("natskv", "", "", 1.0, ""), None)
        one.hurt(proxy, "put", "up", 3, how)
        self.assertEqual([found.kind for found in one.findings], list(expected))
        self.assertEqual(told, [(silencing, trickling, limits or {})])
        self.assertEqual(healed, ["heal", "drain"] if silencing else ["heal"])

    def test_reset(self):
        self.check("reset", 5, limits={"up": 3})

    def test_silent(self):
        self.check("silent", 7, silencing=True, limits={"up": 3})

    def test_trickles(self):
        self.check("trickles", 0, trickling=True)
        self.check("trickles", 5, FALSE, trickling=True)


class Read(unittest.TestCase):
    LINE = b'{"key":"static.0","value":"v"}\n'

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def check(self, status, written, *expected, before=None, verb="export"):
        def run(words, limit):
            if written is not None:
                with open(self.folder + "/x", "wb") as file:
                    file.write(written)
            return Done(words, status, b"", b"", 1.0, 2.0, limit)
        if before is not None:
            with open(self.folder + "/x", "wb") as file:
                file.write(before)
        reader = Reader(types.SimpleNamespace(run=run, timeout=1, exported=self.folder), "read", 1, {"static.0": "v"}, [verb])
        reader.step(0)
        self.assertEqual([what for _, what in reader.wrong], list(expected))

    def test_good(self):
        self.check(0, self.LINE)

    def test_a_key_is_missing(self):
        self.check(0, b"", "0 of 1 keys, 0 twice")

    def test_no_file(self):
        self.check(0, None, "0 of 1 keys, 0 twice")

    def test_another_value(self):
        self.check(0, self.LINE.replace(b'"v"', b'"w"'), "value of static.0")

    def test_failed_and_as_before(self):
        self.check(5, None)
        self.check(5, None, before=self.LINE)

    def test_failed_and_changed(self):
        self.check(5, b"half", "exited 5 and changed its file", before=self.LINE)
        self.check(5, b"", "exited 5 and changed its file")


if __name__ == "__main__":
    unittest.main()
