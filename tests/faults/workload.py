"""What runs while things break: natskv processes in loops, each remembered with its status and its times."""
import json
import os
import pathlib
import random
import signal
import subprocess
import threading
import time
import uuid
from dataclasses import dataclass, field

from client import Client, Gone

# Seconds from a signal until a command has ended. SPEC 6 says half a second; what is seen here is when Python noticed, on a
# machine that builds and runs servers besides.
AT_ONCE = 2.0


@dataclass
class Done:
    """One command that ended. `started` and `ended` are of time.monotonic()."""
    words: list
    status: int
    out: bytes
    err: bytes
    started: float
    ended: float
    limit: float


MARKERS = {"del": "DEL", "purge": "PURGE"}


@dataclass(frozen=True)
class Write:
    """A write of one key and what was said of it. `revision`: where it exited 0."""
    key: str
    value: bytes
    status: int
    revision: int = None
    operation: str = "PUT"
    started: float = 0.0


def write_of(done):
    """Of a put, create, update, or a del or purge with -o json."""
    verb, _, key = done.words[:3]
    marker, revision = MARKERS.get(verb), None
    if done.status == 0:
        revision = json.loads(done.out)["revision"] if marker else int(done.out)
    return Write(key, b"" if marker else done.words[3].encode(), done.status, revision, marker or "PUT", done.started)


def lines_of(pairs):
    """Keys and values as an import takes them."""
    return "".join(json.dumps({"key": key, "value": value}) + "\n" for key, value in pairs).encode()


@dataclass
class Context:
    """How natskv is started in one experiment."""
    natskv: str
    folder: str
    url: str
    timeout: float
    mark: str
    slack: float = 10.0  # seconds beyond its limit until a command is killed (it counts as hung before)
    done: list = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def exported(self):
        """What export writes here replaces a file x, and nothing else may stand beside it."""
        return self.folder + "/exported"

    def environment(self):
        env = {k: v for k, v in os.environ.items() if not k.startswith("NATS") and k not in ("XDG_CONFIG_HOME",)}
        env |= {"NATS_URL": self.url, "HOME": self.folder + "/home", "TMPDIR": self.folder + "/tmp",
                "NATSKV_FAULTS_MARK": self.mark, "LC_ALL": "C.UTF-8", "TZ": "UTC"}
        return env

    def run(self, words, limit=None, data=None):
        """natskv to its end; killed (status -9) when it outlives `limit` (default: the timeout) and the slack."""
        limit = limit or self.timeout
        command = [self.natskv, "--timeout", f"{int(self.timeout * 1000)}ms", *words]
        started = time.monotonic()
        with subprocess.Popen(command, env=self.environment(), stdin=subprocess.PIPE if data is not None else subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            try:
                out, err = process.communicate(data, timeout=limit + self.slack)
            except subprocess.TimeoutExpired:
                process.kill()
                out, err = process.communicate()
        done = Done(words, process.returncode, out, err, started, time.monotonic(), limit)
        with self.lock:
            self.done.append(done)
        return done


class Worker(threading.Thread):
    """Calls step(n) until it is told to end; an exception in it is kept."""

    def __init__(self, context, name, seed):
        super().__init__(daemon=True, name=name)
        self.context, self.random = context, random.Random(f"{seed}/{name}")
        self.ending, self.error, self.steps = False, None, 0

    def run(self):
        try:
            while not self.ending:
                self.step(self.steps)
                self.steps += 1
        except Exception as error:  # reported by the driver
            self.error = error

    def end(self):
        self.ending = True


class Putter(Worker):
    """put in a loop, every value once."""

    def __init__(self, context, name, seed, keys=6):
        super().__init__(context, name, seed)
        self.writes, self.keys = [], keys

    def step(self, n):
        self.writes.append(write_of(self.context.run(["put", "b", f"{self.name}.k{n % self.keys}", f"{self.name}-{n}"])))


def control_program(folder):
    """control.c, built; what it sees go wrong is the server's doing (or nats.c's), not natskv's."""
    program = folder + "/control"
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "libnats"], capture_output=True, text=True, check=True).stdout.split()
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "control.c")
    subprocess.run(["cc", "-O1", "-o", program, source, *flags], check=True)
    return program


class Tally:
    """Of whoever has `writes`: how many were done, and how many may have been."""

    def _count(self, wanted):
        return sum(one.status == wanted for one in self.writes)

    @property
    def won(self):
        return self._count(0)

    @property
    def unknown(self):
        return self._count(7)


class Control(Tally):
    """A plain nats.c program in the same run: `what` is put, churn or purge (NAME), or add (a counter's KEY)."""

    def __init__(self, context, program, what, name):
        self.out = f"{context.folder}/control-{uuid.uuid4().hex}"
        with open(self.out, "wb") as out:
            self.process = subprocess.Popen([program, context.url, "b", what, name, f"{int(context.timeout * 1000)}"],
                                            stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.DEVNULL)

    def end(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    @property
    def writes(self):
        """As a Putter's."""
        with open(self.out, encoding="ascii") as file:
            lines = [line.split() for line in file if line.endswith("\n")]
        return [Write(key, b"" if operation in MARKERS.values() else value.encode(), int(status), int(revision) or None, operation)
                for operation, key, value, status, revision in lines]


class ControlWatch(Worker):
    """A plain consumer of one `key`, or of all, past the proxies: what it does not get either, the server did not deliver."""

    def __init__(self, context, name, seed, port, key=None):
        super().__init__(context, name, seed)
        self.port, self.key, self.seen = port, key, set()

    def step(self, n):
        try:
            with Client(self.port, 2) as client:
                client.follow("b", max(self.seen, default=0) + 1, self.key)
                while not self.ending:
                    try:
                        self.seen.add(client.delivery())
                    except TimeoutError:
                        continue
        except Gone:
            time.sleep(0.05)


def number_of(value):
    """Of a counter's value."""
    return int(value.partition(":")[0])


class Counter(Worker, Tally):
    """get --consistent, then update by compare-and-set: adds 1. Behind the number the value says whose it is, so that each is
    written once."""

    def __init__(self, context, name, seed):
        super().__init__(context, name, seed)
        self.writes = []

    def step(self, n):
        got = self.context.run(["get", "b", "counter", "--consistent", "-o", "json"])
        if got.status != 0:
            time.sleep(0.02)
            return
        entry = json.loads(got.out)
        value = f"{number_of(entry['value']) + 1}:{self.name}:{n}"
        self.writes.append(write_of(self.context.run(["update", "b", "counter", value, str(entry["revision"])])))


class Churner(Worker):
    """Keys that come and go, so that there are markers to list, watch and compact."""

    def __init__(self, context, name, seed, verbs):
        super().__init__(context, name, seed)
        self.writes, self.verbs = [], verbs

    def step(self, n):
        key = f"{self.name}.k{self.random.randrange(4)}"
        verb = self.random.choice(self.verbs)
        rest = ["-o", "json"] if verb in MARKERS else [f"{self.name}-{n}"]
        self.writes.append(write_of(self.context.run([verb, "b", key, *rest])))


class Importer(Worker):
    """A file of new lines each time. `batches`: (lines, Done)."""

    def __init__(self, context, name, seed, lines=200):
        super().__init__(context, name, seed)
        self.lines, self.batches = lines, []

    def step(self, n):
        lines = [(f"{self.name}.k{i}", f"{self.name}-{n}-{i}") for i in range(self.lines)]
        done = self.context.run(["import", "b"], limit=max(30.0, self.context.timeout), data=lines_of(lines))
        self.batches.append((lines, done))
        time.sleep(0.2)


class Reader(Worker):
    """Listings of all kinds; `listed` is what a complete one must hold of the keys that nobody changes."""

    def __init__(self, context, name, seed, static, verbs):
        super().__init__(context, name, seed)
        self.static, self.verbs, self.wrong = static, verbs, []
        self.file = context.exported + "/x"

    def exported(self):
        """What the file holds now; None where there is none."""
        return pathlib.Path(self.file).read_bytes() if os.path.exists(self.file) else None

    def step(self, n):
        verb = self.verbs[n % len(self.verbs)]
        words = {"keys": ["keys", "b", "-v", "-o", "jsonl"], "export": ["export", "b", "-F", self.file], "history": ["history", "b", "static.>", "-o", "jsonl"],
                 "compact": ["compact", "b", "-f", "--older-than", "0"], "get": ["get", "b", "static.*", "-o", "jsonl"]}[verb]
        if self.random.random() < 0.5:
            pathlib.Path(self.file).unlink(missing_ok=True)  # otherwise it is to be replaced
        before = self.exported()
        done = self.context.run(words, limit=max(30.0, self.context.timeout))
        if done.status != 0 and self.exported() != before:
            self.wrong.append((verb, f"exited {done.status} and changed its file"))
        if done.status != 0 or verb == "compact":
            return
        lines = [json.loads(line) for line in ((self.exported() or b"") if verb == "export" else done.out).splitlines()]
        found = sorted(line["key"] for line in lines if line["key"].startswith("static."))
        if found != sorted(self.static):
            self.wrong.append((verb, f"{len(found)} of {len(self.static)} keys, {len(found) - len(set(found))} twice"))
        for line in lines:
            if line["key"] in self.static and "value" in line and line["value"] != self.static[line["key"]]:
                self.wrong.append((verb, f"value of {line['key']}"))


class Watcher:
    """A watch to files, so that nothing of ours slows it; of one `key`, or of all."""

    def __init__(self, context, name, options, key=None):
        self.name, self.key = name, key
        self.out, self.err = f"{context.folder}/{name}.out", f"{context.folder}/{name}.err"
        with open(self.out, "wb") as out, open(self.err, "wb") as err:
            self.process = subprocess.Popen([context.natskv, "--timeout", f"{int(context.timeout * 1000)}ms", "watch", "b", "-o", "jsonl",
                                             "--max-disconnect", "10m", *([key] if key else []), *options],
                                            env=context.environment(), stdin=subprocess.DEVNULL, stdout=out, stderr=err)

    def follows(self, key):
        return self.key in (None, key)

    def seen(self):
        with open(self.out, "rb") as file:
            return [json.loads(line) for line in file.read().split(b"\n")[:-1]]

    def last(self):
        """The last revision shown so far."""
        with open(self.out, "rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - 4096))
            lines = file.read().split(b"\n")[:-1]
        return json.loads(lines[-1])["revision"] if lines else 0

    def said(self):
        with open(self.err, encoding="utf-8", errors="replace") as file:
            return file.read()

    def end(self):
        """SIGINT; the status, or None where it did not end at once."""
        if self.process.poll() is not None:
            return self.process.returncode
        self.process.send_signal(signal.SIGINT)
        try:
            return self.process.wait(AT_ONCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return None
