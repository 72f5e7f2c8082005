"""A NATS client of a few lines, so that what natskv says is checked by something that is not natskv."""
import base64
import json
import os
import re
import socket
import time
from collections import deque


class Gone(Exception):
    """No answer: refused, cut, or too late."""


class Client:
    """One connection, used by one thread. Every call raises Gone after `limit` seconds."""

    def __init__(self, port, limit=5.0):
        self.limit = limit
        self.buffer, self.at = b"", 0
        self.inbox = "_INBOX." + os.urandom(8).hex()
        self.count = 0
        self.early = deque()  # messages that came while an answer was awaited
        try:
            self.socket = socket.create_connection(("127.0.0.1", port), timeout=limit)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._line(time.monotonic() + limit)
            self._send(b'CONNECT {"verbose":false,"headers":true,"no_responders":true,"lang":"faults","version":"0"}\r\n'
                       b"SUB %s.* 1\r\nPING\r\n" % self.inbox.encode())
            while self._line(time.monotonic() + limit) != b"PONG":
                pass
        except OSError as error:
            raise Gone(str(error)) from None

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _send(self, data):
        try:
            self.socket.sendall(data)
        except OSError as error:
            raise Gone(str(error)) from None

    def _more(self, end):
        left = end - time.monotonic()
        if left <= 0:
            raise Gone("no answer in time")
        try:
            self.socket.settimeout(left)
            part = self.socket.recv(1 << 16)
        except OSError as error:
            raise Gone(str(error)) from None
        if not part:
            raise Gone("connection closed")
        self.buffer, self.at = self.buffer[self.at:] + part, 0

    def _line(self, end):
        while (stop := self.buffer.find(b"\r\n", self.at)) < 0:
            self._more(end)
        line, self.at = self.buffer[self.at:stop], stop + 2
        return line

    def _bytes(self, count, end):
        while len(self.buffer) - self.at < count + 2:
            self._more(end)
        data = self.buffer[self.at:self.at + count]
        self.at += count + 2
        return data

    def message(self, end):
        """The next message: subject, reply, headers (text), data."""
        while True:
            line = self._line(end)
            words = line.split()
            if line == b"PING":
                self._send(b"PONG\r\n")
            elif words and words[0] == b"MSG":
                reply = words[3].decode() if len(words) == 5 else ""
                return words[1].decode(), reply, "", self._bytes(int(words[-1]), end)
            elif words and words[0] == b"HMSG":
                reply = words[3].decode() if len(words) == 6 else ""
                data = self._bytes(int(words[-1]), end)
                head = int(words[-2])
                return words[1].decode(), reply, data[:head].decode("latin1"), data[head:]
            elif words and words[0] == b"-ERR":
                raise Gone(line.decode())

    def request(self, subject, data=b"", headers=None, limit=None):
        """The answer's headers and data."""
        end = time.monotonic() + (limit or self.limit)
        self.count += 1
        reply = f"{self.inbox}.{self.count}"
        if headers:
            head = ("NATS/1.0\r\n" + "".join(f"{k}: {v}\r\n" for k, v in headers.items()) + "\r\n").encode()
            self._send(b"HPUB %s %s %d %d\r\n%s%s\r\n" % (subject.encode(), reply.encode(), len(head),
                                                         len(head) + len(data), head, data))
        else:
            self._send(b"PUB %s %s %d\r\n%s\r\n" % (subject.encode(), reply.encode(), len(data), data))
        while True:
            message = self.message(end)
            if message[0] == reply:
                return message[2], message[3]
            self.early.append(message)

    def api(self, subject, body=None, limit=None):
        """JetStream API: the answer as a dict, "error" included; Gone where nobody answers."""
        head, data = self.request("$JS.API." + subject, json.dumps(body).encode() if body is not None else b"", limit=limit)
        if not data:
            raise Gone(head.split("\r\n", 1)[0])
        return json.loads(data)

    def put(self, bucket, key, value, headers=None, limit=None):
        """Stores; the revision. Gone where no answer came, ValueError where the server refused."""
        head, data = self.request(f"$KV.{bucket}.{key}", value, headers, limit)
        if not data:
            raise Gone(head.split("\r\n", 1)[0])
        answer = json.loads(data)
        if "error" in answer:
            raise ValueError(answer["error"])
        return answer["seq"]

    def last(self, bucket, key):
        """The newest of a key: (revision, value, whether it is a marker), or None."""
        message = self.api("STREAM.MSG.GET.KV_" + bucket, {"last_by_subj": f"$KV.{bucket}.{key}"}).get("message")
        if message is None:
            return None
        marker = b"KV-Operation" in base64.b64decode(message.get("hdrs", ""))
        return message["seq"], base64.b64decode(message.get("data", "")), marker

    def add_bucket(self, bucket, history=64, replicas=1, **settings):
        answer = self.api("STREAM.CREATE.KV_" + bucket, {
            "name": "KV_" + bucket, "subjects": [f"$KV.{bucket}.>"], "retention": "limits", "max_consumers": -1,
            "max_msgs": -1, "max_bytes": -1, "max_age": 0, "max_msgs_per_subject": history, "max_msg_size": -1,
            "storage": "file", "discard": "new", "num_replicas": replicas, "duplicate_window": 120000000000,
            "deny_delete": True, "allow_rollup_hdrs": True, "allow_direct": True, **settings}, limit=20)
        if "error" in answer:
            raise RuntimeError(answer["error"])

    def follow(self, bucket, start, key=None):
        """Starts an ephemeral consumer of all that is stored from revision `start` on, or of one key."""
        deliver = f"{self.inbox}.follow.{self.count}"
        self._send(b"SUB %s 3\r\n" % deliver.encode())
        answer = self.api("CONSUMER.CREATE.KV_" + bucket, {"stream_name": "KV_" + bucket, "config": {
            "deliver_subject": deliver, "deliver_policy": "by_start_sequence", "opt_start_seq": start, "ack_policy": "none",
            "replay_policy": "instant", "mem_storage": True, "num_replicas": 1, "inactive_threshold": 5_000_000_000,
            **({"filter_subject": f"$KV.{bucket}.{key}"} if key else {})}})
        if "error" in answer:
            raise Gone(answer["error"])
        self.next = 1

    def delivery(self):
        """The stream sequence of the next delivery. TimeoutError after a second without; Gone for a gap in the deliveries."""
        while True:
            try:
                _, reply, _, _ = self.early.popleft() if self.early else self.message(time.monotonic() + 1)
            except Gone as gone:
                if "in time" in str(gone) or "timed out" in str(gone):
                    raise TimeoutError from None
                raise
            if reply.startswith("$JS.ACK."):
                words = reply.split(".")
                stream, consumer = (words[5], words[6]) if len(words) == 9 else (words[7], words[8])
                if int(consumer) != self.next:
                    raise Gone("a delivery is missing")
                self.next += 1
                return int(stream)

    def stored(self, bucket, limit=60):
        """All that the bucket keeps: a list of (revision, key, operation, value). `moments`: when the server took each, by revision,
        in nanoseconds."""
        self.moments = {}
        stream, deliver = "KV_" + bucket, f"{self.inbox}.all.{self.count}"
        end = time.monotonic() + limit
        self.early = deque()
        self._send(b"SUB %s 2\r\n" % deliver.encode())
        answer = self.api("CONSUMER.CREATE." + stream, {"stream_name": stream, "config": {
            "deliver_subject": deliver, "deliver_policy": "all", "ack_policy": "none", "replay_policy": "instant",
            "mem_storage": True, "num_replicas": 1, "inactive_threshold": 5_000_000_000,
            "flow_control": True, "idle_heartbeat": 5_000_000_000}}, limit=20)
        if "error" in answer:
            raise Gone(answer["error"])
        found, left = [], answer["num_pending"] + answer["delivered"]["consumer_seq"]
        while left:
            to, reply, head, data = self.early.popleft() if self.early else self.message(end)
            if not reply.startswith("$JS.ACK."):
                if reply and head.startswith("NATS/1.0 100"):  # a server closes the connection of who cannot keep up
                    self._send(b"PUB %s 0\r\n\r\n" % reply.encode())
                continue
            words = reply.split(".")
            first = 5 if len(words) == 9 else 7
            revision, moment, left = int(words[first]), int(words[first + 2]), int(words[first + 3])
            self.moments[revision] = moment
            marker = re.search(r"KV-Operation: ?(\w+)", head)
            key = to[len(f"$KV.{bucket}."):]
            found.append((revision, key, marker.group(1) if marker else "PUT", data))
        self._send(b"UNSUB 2\r\n")
        self.api(f"CONSUMER.DELETE.{stream}.{answer['name']}")
        return found
