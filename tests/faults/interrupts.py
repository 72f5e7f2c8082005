"""SIGINT and SIGTERM at any moment, under traffic: a command ends at once, with a status, and takes nothing with it."""
import json
import os
import random
import signal
import subprocess
import tempfile
import time

import checks
from checks import CRASHED, FALSE, HUNG, LOST, Finding
from servers import Site
from workload import AT_ONCE, Done, Worker

# Processor time from the start to where natskv takes SIGINT and SIGTERM itself: until then they end it as any program. 2 ms
# were measured, and 5.2 ms at most of 200 starts on two processors with six busy loops, while the clock said up to 53 ms.
UNPREPARED = 0.010

VERBS = {
    "watch": lambda n: ["watch", "b", "-o", "jsonl"],
    "watch-history": lambda n: ["watch", "b", ">", "--history", "-o", "tsv"],
    "keys": lambda n: ["keys", "b"],
    "export": lambda n: ["export", "b", "-F", "FOLDER/exported"],
    "get": lambda n: ["get", "b", "busy.0"],
    "put": lambda n: ["put", "b", f"int.{n}", f"interrupted-{n}"],
    "update": lambda n: ["update", "b", "busy.0", f"updated-{n}", "1"],
    "import": lambda n: ["import", "b", "-F", "FOLDER/lines"],
    "cp": lambda n: ["cp", "b", "other"],
    "compact": lambda n: ["compact", "b", "--older-than", "0", "-f"],
}


class Traffic(Worker):
    """Writes as fast as the server takes it, so that messages are always on their way."""

    def __init__(self, site, seed):
        super().__init__(None, "traffic", seed)
        self.site = site

    def step(self, n):
        with self.site.client(20) as client:
            while not self.ending:
                for i in range(50):
                    client._send(b"PUB $KV.b.busy.%d 100\r\n%s\r\n" % (i, b"x" * 100))
                client.put("b", "busy.0", b"y" * 100)


def processor_time(process):
    """Seconds that it has run so far; none for one that has ended."""
    try:
        with open(f"/proc/{process.pid}/schedstat", encoding="ascii") as file:
            return int(file.read().split()[0]) / 1e9
    except OSError:
        return 0.0


def run_and_interrupt(context, words, delay, number):
    """Done of a command that got the signal after `delay` seconds (None where it had to be killed), how long it took to end,
    and whether the signal may have come before it was prepared."""
    started = time.monotonic()
    with subprocess.Popen([context.natskv, "--timeout", "5s", *words], env=context.environment(), stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        time.sleep(delay)
        process.send_signal(number)
        sent = time.monotonic()
        early = processor_time(process) < UNPREPARED
        try:
            _, err = process.communicate(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            return None, time.monotonic() - sent, early
    done = Done(words, process.returncode, b"", err, started, time.monotonic(), sent - started)
    with context.lock:
        context.done.append(done)
    return done, done.ended - sent, early


def experiment(given, context_of, seconds):
    folder = tempfile.mkdtemp(prefix="natskv-faults-")
    site = Site(given.server, folder, 3 if given.cluster else 1)
    chance, end, count, findings, attempts = random.Random(f"{given.seed}/interrupt"), time.monotonic() + seconds, 0, [], []
    traffic = Traffic(site, given.seed)
    try:
        with site.client(20) as client:
            for bucket in ("b", "other"):
                client.add_bucket(bucket, 10, site.replicas)
        for bucket in ("b", "other"):
            site.settle(bucket)
        with site.client(20) as client:
            for i in range(500):
                client.put("b", f"key.{i}", b"value")
        context = context_of(given, folder + "/c", ",".join(f"nats://127.0.0.1:{node.port}" for node in site.nodes))
        with open(folder + "/lines", "w", encoding="ascii") as file:
            file.writelines(json.dumps({"key": f"import.{i}", "value": "v"}) + "\n" for i in range(1000))
        traffic.start()
        verbs = [verb for verb in VERBS if verb != "compact" or not given.no_purge]
        while time.monotonic() < end or count < len(verbs):
            verb, number = verbs[count % len(verbs)], chance.choice([signal.SIGINT, signal.SIGINT, signal.SIGTERM])
            words = [word.replace("FOLDER", folder) for word in VERBS[verb](count)]
            done, took, early = run_and_interrupt(context, words, chance.choice([0.002, 0.02, 0.2]) * chance.random() * 2, number)
            count += 1
            if took > AT_ONCE:
                findings.append(Finding(HUNG, f"{verb}: ended {took:.1f} s after signal {number}" + ("" if done else ", by SIGKILL")))
            if done is None:
                continue
            # A short command may have ended before the signal came.
            fits = {128 + number, 0} | ({-number} if early else set()) | ({4} if verb == "update" else set())
            if verb.startswith("watch"):
                fits.remove(0)
            if done.status not in fits:
                kind = CRASHED if done.status < 0 or done.status > 128 else FALSE
                findings.append(Finding(kind, f"{verb}: {done.status} on signal {number} {done.limit:.3f} s after its start: {done.err[-300:]!r}"))
            if verb == "put":
                attempts.append((words[2], words[3].encode(), done.status))
        traffic.end()
        traffic.join(25)
        findings += checks.ended([traffic])
        with site.client(20) as client:
            for key, value, status in attempts:
                last = client.last("b", key)
                if status == 0 and (last is None or last[1] != value):
                    findings.append(Finding(LOST, f"put: {key}={value!r} exited 0 and is not there"))
        left = [name for name in os.listdir(folder) if name.startswith("exported.")]
        findings += [Finding(CRASHED, f"export: {name} is left") for name in left]
        findings += checks.leftovers(context, site.consumers("b", "other"))
        return ("interrupt", count, len(context.done), []), findings
    finally:
        traffic.end()
        site.close(given.keep)
