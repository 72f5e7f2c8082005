"""nats-servers to be hurt, and a line to them that can be broken."""
import json
import os
import random
import re
import selectors
import shutil
import signal
import socket
import struct
import subprocess
import threading
import time

from client import Client, Gone

_given = set()


def free_port():
    """A port that nobody listened on a moment ago, below the range of outgoing connections."""
    while True:
        port = random.SystemRandom().randrange(15000, 31000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        if port not in _given:
            _given.add(port)
            return port


class Server:
    def __init__(self, program, folder, name="n1", cluster=None, routes=()):
        self.program, self.folder, self.name = program, os.path.join(folder, name), name
        os.makedirs(self.folder)
        self.port = free_port()
        lines = [f'server_name: {name}', 'host: "127.0.0.1"', f"port: {self.port}",
                 f'jetstream {{ store_dir: "{self.folder}/store" }}']
        if cluster:
            listed = ", ".join(f'"nats://127.0.0.1:{port}"' for port in routes)
            lines.append(f'cluster {{ name: faults, listen: "127.0.0.1:{cluster}", routes: [{listed}], no_advertise: true }}')
        self.config = os.path.join(self.folder, "server.conf")
        with open(self.config, "w", encoding="ascii") as out:
            out.write("\n".join(lines) + "\n")
        self.process = None

    def start(self):
        with open(os.path.join(self.folder, "log"), "ab") as log:
            self.process = subprocess.Popen([self.program, "-c", self.config], stdout=log, stderr=log,
                                            stdin=subprocess.DEVNULL)

    def ready(self, limit=30):
        end = time.monotonic() + limit
        while time.monotonic() < end:
            try:
                with Client(self.port, 2) as client:
                    if "error" not in client.api("INFO", limit=2):
                        return
            except Gone:
                pass
            time.sleep(0.1)
        raise RuntimeError(f"{self.name} is not ready, see {self.folder}/log")

    def running(self):
        return self.process is not None and self.process.poll() is None

    def kill(self):
        if self.running():
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
        if self.process:
            self.process.wait()

    def pause(self):
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)


class Site:
    """One server, or a cluster of three, each behind a proxy of its own."""

    def __init__(self, program, folder, nodes):
        self.folder, self.replicas = folder, nodes
        routes = [free_port() for _ in range(nodes)] if nodes > 1 else []
        self.nodes = [Server(program, folder, f"n{i + 1}", routes[i] if routes else None, routes) for i in range(nodes)]
        for node in self.nodes:
            node.start()
        for node in self.nodes:
            node.ready()
        self.proxies = [Proxy(node.port) for node in self.nodes]

    def url(self):
        return ",".join(f"nats://127.0.0.1:{proxy.port}" for proxy in self.proxies)

    def client(self, limit=5.0):
        """A connection past the proxies, to a node that answers."""
        for _ in range(100):
            for node in self.nodes:
                if node.running():
                    try:
                        return Client(node.port, limit)
                    except Gone:
                        continue
            time.sleep(0.2)
        raise Gone("no node answers")

    def info(self, bucket):
        with self.client() as client:
            return client.api("STREAM.INFO.KV_" + bucket, limit=3)

    def consumers(self, *buckets):
        """Those that are there now."""
        with self.client(20) as client:
            lists = [client.api("CONSUMER.LIST.KV_" + bucket, {"offset": 0}, limit=10)["consumers"] for bucket in buckets]
        # 2.9 lists null for one that is just going.
        return [consumer for one in lists for consumer in one or [] if consumer is not None]

    def leader(self, bucket):
        """The node that leads the bucket's stream, or None."""
        if self.replicas == 1:
            return self.nodes[0]
        try:
            name = self.info(bucket).get("cluster", {}).get("leader")
        except Gone:
            return None
        return next((node for node in self.nodes if node.name == name), None)

    def settle(self, bucket, limit=60):
        """All nodes up, a leader, every replica current."""
        for node, proxy in zip(self.nodes, self.proxies):
            proxy.heal()
            if not node.running():
                node.start()
            node.resume()
        for node in self.nodes:
            node.ready()
        end = time.monotonic() + limit
        while time.monotonic() < end:
            try:
                info = self.info(bucket)
                cluster = info.get("cluster", {})
                if "error" not in info and (self.replicas == 1 or cluster.get("leader")):
                    if all(replica.get("current") and not replica.get("offline") for replica in cluster.get("replicas") or []):
                        return info
            except (Gone, json.JSONDecodeError):
                pass
            time.sleep(0.2)
        raise RuntimeError(f"bucket {bucket} did not settle")

    def hurt_node(self, rng, what, bucket, down, asleep):
        """Kills ("kill") or stops ("pause") a server, or deposes the bucket's leader ("step-down"); `down` and `asleep`: for how long,
        from and to, in seconds. False: `what` is none of these."""
        node = rng.choice(self.nodes)
        if what == "kill":
            node.kill()
            time.sleep(rng.uniform(*down))
            node.start()
            node.ready()
        elif what == "pause":
            node.pause()
            time.sleep(rng.uniform(*asleep))
            node.resume()
        elif what == "step-down":
            with self.client() as client:
                client.api("STREAM.LEADER.STEPDOWN.KV_" + bucket, limit=5)
        else:
            return False
        return True

    def close(self, keep=False):
        for proxy in self.proxies:
            proxy.close()
        for node in self.nodes:
            node.kill()
        if not keep:
            shutil.rmtree(self.folder, ignore_errors=True)


class Proxy:
    """Stands between clients and 127.0.0.1:target; everything passes until told otherwise."""

    def __init__(self, target):
        self.target = target
        self.paused = self.refusing = self.cutting = self.silencing = self.trickling = False
        self.delay = 0.0
        self.limits = {}  # "up" or "down": bytes that still pass, then all connections are reset, or pause (`silencing`)
        self.passed = {"up": 0, "down": 0}
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self.listener.getsockname()[1]
        self.selector = selectors.DefaultSelector()
        self.pairs, self.ending = {}, False
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def heal(self):
        self.paused = self.refusing = self.silencing = self.trickling = False
        self.delay = 0.0
        self.limits = {}

    def drain(self, limit=5.0):
        """Until what a silence held back has arrived, and its connections are closed."""
        end = time.monotonic() + limit
        time.sleep(0.1)  # for those that are not accepted yet
        while self.pairs and time.monotonic() < end:
            time.sleep(0.005)

    def cut(self):
        self.cutting = True

    def close(self):
        self.ending = True
        self.thread.join()
        self._reset()
        self.listener.close()
        self.selector.close()

    def _reset(self):
        for one in list(self.pairs):
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._drop(one)

    def _drop(self, one):
        self.pairs.pop(one, None)
        try:
            self.selector.unregister(one)
        except (KeyError, ValueError):
            pass
        one.close()

    def _accept(self):
        client, _ = self.listener.accept()
        if self.refusing:
            client.close()
            return
        try:
            server = socket.create_connection(("127.0.0.1", self.target), timeout=2)
        except OSError:
            client.close()
            return
        for one in (client, server):
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            one.settimeout(2)
        self.pairs[client], self.pairs[server] = (server, "up"), (client, "down")
        for one in (client, server):
            self.selector.register(one, selectors.EVENT_READ)

    def _move(self, one):
        if one not in self.pairs:
            return
        other, way = self.pairs[one]
        try:
            left = self.limits.get(way)
            data = one.recv(1 << 16 if left is None else min(left, 1 << 16))
            self._pass(other, data)
            self.passed[way] += len(data)
            if left is not None and len(data) == left:
                self.limits.pop(way, None)
                if self.silencing:
                    self.paused = True
                else:
                    self._reset()
                return
            if left is not None:
                self.limits[way] = left - len(data)
        except OSError:
            data = b""
        if not data:
            self._drop(one)
            if other in self.pairs:
                self._drop(other)

    def _pass(self, other, data):
        # Of a greeting whose \r and \n come apart nats.c does not see the end (its issue 958, mended by pull request 959).
        apart = rb"\r\n|(?s:.)" if data.startswith(b"INFO ") else rb"(?s:.)"
        for part in re.findall(apart, data) if self.trickling else [data]:
            other.sendall(part)
            if self.trickling:
                time.sleep(0.00002)  # else what reads at the other end finds many at once

    def _serve(self):
        self.selector.register(self.listener, selectors.EVENT_READ)
        while not self.ending:
            if self.cutting:
                self.cutting = False
                self._reset()
            if self.paused:
                time.sleep(0.02)
                continue
            events = self.selector.select(0.05)
            if self.delay and events:
                time.sleep(self.delay)
            for event, _ in events:
                if event.fileobj is self.listener:
                    self._accept()
                elif not self.paused:
                    self._move(event.fileobj)
        self.selector.unregister(self.listener)
