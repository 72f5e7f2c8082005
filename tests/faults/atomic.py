"""Batches of keys with a common number while servers and lines are hurt: each is whole or absent, as its exit status said, and no
reader of the snapshot kind sees two numbers. And `modify`: eight processes add ones, and none is lost."""
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from typing import NamedTuple

import checks
from checks import CRASHED, DUPLICATED, FALSE, LOST, ORDER, Finding
from client import Gone
from servers import Site
from workload import Watcher, Worker, lines_of

BUCKET = "b"
# Sets of keys that are always written together, by their sizes.
SIZES = (2, 20, 100, 500)
MODIFIERS, INCREMENTS = 8, 200
KILLED = -signal.SIGKILL
# What a batch that exited so may have done: all of it, nothing, or either.
WHOLE, ABSENT, EITHER = {0}, {1, 4, 5}, {7, KILLED}


class Batch(NamedTuple):
    """One import --atomic and what became of it."""
    number: int
    size: int
    status: int
    said: str = ""
    took: float = 0.0


def set_of(size):
    return [f"s{size}.k{i}" for i in range(size)]


def commit(context, number, size, limit=None):
    """One batch that is left alone; the command and what became of it."""
    done = context.run(["import", BUCKET, "--atomic"], limit, lines_of((key, str(number)) for key in set_of(size)))
    return done, Batch(number, size, done.status, last_words(done.err))


def last_words(err):
    return err.decode(errors="replace").strip()[-300:]


def judged(batches, stored):
    """Each batch against what the bucket took, (revision, key, operation, value): a write of `number` in each key of its set."""
    places = {}
    for revision, key, _, value in stored:
        places.setdefault(value.decode(), []).append((revision, key))
    findings = []
    for batch in batches:
        written = sorted(places.pop(str(batch.number), []))
        keys, wanted = sorted(key for _, key in written), sorted(set_of(batch.size))
        name = f"batch {batch.number} of {batch.size} keys, status {batch.status}"
        if batch.status not in WHOLE | ABSENT | EITHER:
            findings.append(Finding(FALSE, f"{name}: {batch.said}"))
        if keys and keys != wanted:
            twice = len(keys) > len(set(keys))
            findings.append(Finding(DUPLICATED if twice else LOST, f"{name}: {len(keys)} writes of {len(wanted)} are stored"))
        elif not keys and batch.status in WHOLE:
            findings.append(Finding(LOST, f"{name}: nothing is stored"))
        elif keys and batch.status in ABSENT:
            findings.append(Finding(FALSE, f"{name}: it is stored: {batch.said}"))
        if written and written[-1][0] - written[0][0] >= len(written):
            findings.append(Finding(ORDER, f"{name}: other writes are in between, revisions {written[0][0]} to {written[-1][0]}"))
    return findings


def mixed(values, size):
    """Why this is no snapshot of a set of keys, or None."""
    if len(values) != size:
        return f"{len(values)} of {size} keys"
    return None if len(set(values)) == 1 else f"numbers {sorted(set(values))[:4]}"


def torn(events, size):
    """Numbers that a watch of one set did not show in one piece; `events`: the numbers in its order. What it began with, each key's latest,
    need not be, and the last batch may not have come yet."""
    runs = []
    for number in events:
        if runs and runs[-1][0] == number:
            runs[-1][1] += 1
        else:
            runs.append([number, 1])
    return [(number, count) for number, count in runs[1:-1] if count != size]


def can_batch(given):
    """Whether the server has atomic batches."""
    return tuple(map(int, given.version.lstrip("v").split("."))) >= (2, 12)


def tally(statuses):
    return {status: statuses.count(status) for status in sorted(set(statuses))}


def counted(value, zeros, sevens):
    """The counter against how many said that they added one, and how many may have."""
    if value < zeros:
        return [Finding(LOST, f"{zeros - value} increments of {zeros} that exited 0", zeros - value)]
    if value > zeros + sevens:
        return [Finding(DUPLICATED, f"{value}: {zeros} exited 0 and {sevens} exited 7", value - zeros - sevens)]
    return []


class Batcher(Worker):
    """import --atomic in a loop. A third of the batches has a condition on one key; one of eight natskv is killed."""

    def __init__(self, context, name, seed, numbers):
        super().__init__(context, name, seed)
        self.numbers, self.batches, self.known = numbers, [], {}

    def step(self, n):
        size, number = self.random.choice(SIZES), self.numbers()
        conditional = self.random.random() < 0.3 and size in self.known
        lines = [{"key": key, "value": str(number)} for key in set_of(size)]
        if conditional:
            lines[0]["if_revision"] = self.known[size]
        data = "".join(json.dumps(line) + "\n" for line in lines).encode()
        command = [self.context.natskv, "--timeout", f"{int(self.context.timeout * 1000)}ms", "import", BUCKET, "--atomic", "-j"]
        started = time.monotonic()
        with subprocess.Popen(command, env=self.context.environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE) as process:
            killer = threading.Timer(self.random.uniform(0, 0.2), process.kill) if self.random.random() < 0.125 else None
            if killer:
                killer.start()
            try:
                out, err = process.communicate(data, timeout=60)
            except subprocess.TimeoutExpired:
                process.kill()
                out, err = process.communicate()
                self.error = TimeoutError(f"batch {number} did not end")
            if killer:
                killer.cancel()
        self.batches.append(Batch(number, size, process.returncode, last_words(err), time.monotonic() - started))
        if process.returncode == 0:
            self.known[size] = json.loads(out.splitlines()[-1])["first_revision"]
        elif process.returncode == 4:
            self.known.pop(size, None)


class Snapshots(Worker):
    """Reads a whole set at once: get by names or by pattern, and env."""

    def __init__(self, context, name, seed):
        super().__init__(context, name, seed)
        self.wrong, self.read = [], 0

    def step(self, n):
        size = self.random.choice(SIZES)
        how = self.random.choice(["names", "pattern", "env"])
        words = {"names": ["get", BUCKET, *set_of(size)], "pattern": ["get", BUCKET, f"s{size}.*"],
                 "env": ["env", BUCKET, f"s{size}.*", "-o", "tsv"]}[how]
        done = self.context.run(words if how == "env" else [*words, "-o", "jsonl"], limit=max(30.0, self.context.timeout))
        if done.status != 0:
            return
        rows = done.out.splitlines()
        values = [row.split(b"\t")[1].decode() for row in rows] if how == "env" else [json.loads(row)["value"] for row in rows]
        self.read += 1
        if why := mixed(values, size):
            self.wrong.append(f"{how} of {size} keys: {why}")


class Modifier(Worker):
    """modify of one counter, so many times."""

    def __init__(self, context, name, seed):
        super().__init__(context, name, seed)
        self.statuses = []

    def step(self, n):
        done = self.context.run(["modify", BUCKET, "counter", "--default", "0", "--", "sh", "-c", "echo $(($(cat) + 1))"], limit=40)
        self.statuses.append((done.status, done.err))
        self.ending = self.ending or len(self.statuses) == INCREMENTS


PEER = """
import asyncio, sys, nats
async def main():
    connection = await nats.connect(sys.argv[1].split(","), allow_reconnect=False)
    watcher = await (await connection.jetstream().key_value(sys.argv[2])).watch(sys.argv[3], inactive_threshold=30)
    while True:
        entry = await watcher.updates(timeout=3600)
        if entry is not None:
            print(entry.value.decode(), flush=True)
asyncio.run(main())
"""


class Official(Worker):
    """nats-py's own watch of a set, begun again whenever its connection ends."""

    def __init__(self, context, name, seed, size, python, url):
        super().__init__(context, name, seed)
        self.size, self.python, self.url, self.torn, self.events, self.process = size, python, url, [], 0, None

    def step(self, n):
        self.process = subprocess.Popen([self.python, "-c", PEER, self.url, BUCKET, f"s{self.size}.*"], env=self.context.environment(),
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        numbers = self.process.communicate()[0].decode().split()
        self.events += len(numbers)
        self.torn += torn(numbers, self.size)
        time.sleep(0.2)

    def end(self):
        super().end()
        if self.process is not None:
            self.process.kill()


def official_python(folder):
    """A Python that has nats-py, installed where that is possible; None elsewhere."""
    try:
        import nats  # noqa: F401
        return sys.executable
    except ImportError:
        pass
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    try:
        subprocess.run([sys.executable, "-m", "venv", folder], check=True, timeout=120, **quiet)
        subprocess.run([f"{folder}/bin/pip", "install", "-q", "nats-py==2.16.0"], check=True, timeout=120, **quiet)
    except (subprocess.SubprocessError, OSError):
        return None
    return f"{folder}/bin/python"


def hurt(site, rng, timeout):
    """A server, a leader or a line, for up to three time-outs. A line is cut after any byte of what the next batches send or get."""
    what = rng.choice(["kill", "pause", "cut", "cut", "cut", "silent"] + (["step-down"] * 3 if site.replicas > 1 else []))
    if not site.hurt_node(rng, what, BUCKET, (0, 2 * timeout), (0.1 * timeout, 3 * timeout)):
        for proxy in site.proxies:
            proxy.silencing = what == "silent"
            way = rng.choice(["up", "down"])
            proxy.limits = {way: rng.choice([rng.randrange(1, 2000), rng.randrange(1, 120_000)])}
        time.sleep(rng.uniform(0.1, 2) * timeout)
        for proxy in site.proxies:
            proxy.cut()
            proxy.heal()


def add_bucket(site, atomic):
    with site.client(20) as client:
        # So much history that all that was stored is seen.
        client.add_bucket(BUCKET, 1_000_000, site.replicas, **({"allow_atomic": True} if atomic else {}))
    site.settle(BUCKET)


def hurt_until(end, site, rng, timeout, going=lambda: True):
    faults = 0
    while time.monotonic() < end and going():
        time.sleep(rng.uniform(0.2, 2))
        try:
            hurt(site, rng, timeout)
            faults += 1
        except (Gone, RuntimeError):
            continue
    return faults


def stored_in(site):
    site.settle(BUCKET)
    with site.client(60) as client:
        return client.stored(BUCKET, 120)


def watched(watchers, last):
    """What natskv's watches of one set showed torn, once they have shown the last revision."""
    end = time.monotonic() + 30
    for watcher, _ in watchers:
        while time.monotonic() < end and watcher.process.poll() is None and watcher.last() < last[watcher.key]:
            time.sleep(0.2)
    findings = []
    for watcher, size in watchers:
        events = [event["value"] for event in watcher.seen()]
        findings += [Finding(ORDER, f"{watcher.name}: {count} events of batch {number} in one piece, of {size}")
                     for number, count in torn(events, size)]
        if (status := watcher.end()) != 130:
            findings.append(Finding(FALSE, f"{watcher.name}: status {status}"))
    return findings


def experiment(given, context_of, seconds):
    """import --atomic and its readers."""
    rng, seed = random.Random(f"{given.seed}/atomic"), f"{given.seed}/atomic"
    if not can_batch(given):
        return ("atomic", 0, 0, [f"{given.version} has no atomic batches: not run"]), []
    folder = tempfile.mkdtemp(prefix="natskv-faults-")
    site = Site(given.server, folder, 3 if given.cluster else 1)
    workers, watchers, lock, count = [], [], threading.Lock(), iter(range(1, 1 << 62))

    def next_number():
        with lock:
            return next(count)
    try:
        add_bucket(site, True)
        context = context_of(given, folder + "/c", site.url())
        batchers = [Batcher(context, f"batch{i}", seed, next_number) for i in range(3)]
        # Each set is there from the start.
        first = []
        for size in SIZES:
            _, batch = commit(context, next_number(), size, limit=20)
            first.append(batch)
        readers = [Snapshots(context, f"read{i}", seed) for i in range(2)]
        python = official_python(folder + "/venv")
        direct = ",".join(f"nats://127.0.0.1:{node.port}" for node in site.nodes)
        peers = [Official(context, "official", seed, 20, python, direct)] if python else []
        watchers = [(Watcher(context, f"watch-s{size}", ["--history"], f"s{size}.*"), size) for size in (20, 500)]
        workers = [*batchers, *readers, *peers]
        for worker in workers:
            worker.start()
        faults = hurt_until(time.monotonic() + seconds, site, rng, given.timeout)
        for worker in workers:
            worker.end()
        for worker in workers:
            worker.join(90)
        stored = stored_in(site)
        findings = checks.ended(workers)
        last = {f"s{size}.*": max(revision for revision, key, _, _ in stored if key.startswith(f"s{size}.")) for size in SIZES}
        findings += watched(watchers, last)
        batches = first + [one for batcher in batchers for one in batcher.batches]
        findings += judged(batches, stored)
        for reader in readers:
            findings += [Finding(ORDER, f"{reader.name}: {what}") for what in reader.wrong]
        findings += checks.commands(context.done) + checks.leftovers(context, site.consumers(BUCKET))
        notes = [f"batches by status: {tally([one.status for one in batches])}; {sum(reader.read for reader in readers)} snapshots read; "
                 f"the longest batch took {max(one.took for one in batches):.1f} s"]
        notes += [f"nats-py watched {one.events} events, {len(one.torn)} batches not in one piece: {one.torn[:3]}" for one in peers]
        if not peers:
            notes.append("nats-py can't be installed here")
        return ("atomic", faults, len(batches) + len(context.done), notes), sorted(set(findings))
    finally:
        for worker in workers:
            worker.end()
        for watcher, _ in watchers:
            watcher.end()
        site.close(given.keep)


def modify(given, context_of, seconds):
    """Eight processes add ones to a counter."""
    rng, seed = random.Random(f"{given.seed}/modify"), f"{given.seed}/modify"
    folder = tempfile.mkdtemp(prefix="natskv-faults-")
    site = Site(given.server, folder, 3 if given.cluster else 1)
    workers = []
    try:
        add_bucket(site, False)
        context = context_of(given, folder + "/c", site.url())
        workers = [Modifier(context, f"modify{i}", seed) for i in range(MODIFIERS)]
        for worker in workers:
            worker.start()
        faults = hurt_until(time.monotonic() + seconds, site, rng, given.timeout, lambda: any(one.is_alive() for one in workers))
        for worker in workers:
            worker.end()
        for worker in workers:
            worker.join(90)
        stored = stored_in(site)
        findings = checks.ended(workers)
        statuses = [status for worker in workers for status, _ in worker.statuses]
        by_status = tally(statuses)
        value = int(stored[-1][3]) if stored else 0
        findings += counted(value, by_status.get(0, 0), by_status.get(7, 0))
        findings += [Finding(ORDER, f"revision {revision} is {text.decode().strip()}, number {number}")
                     for number, (revision, _, _, text) in enumerate(stored, 1) if int(text) != number]
        findings += checks.commands(context.done) + checks.leftovers(context, site.consumers(BUCKET))
        return ("modify", faults, len(statuses), [f"the counter is {value}, by status: {by_status}"]), sorted(set(findings))
    finally:
        for worker in workers:
            worker.end()
        site.close(given.keep)
