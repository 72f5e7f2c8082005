"""SIGINT and SIGTERM at any moment, under traffic: a command ends at once, with a status, and takes nothing with it."""
import base64
import json
import os
import random
import signal
import subprocess
import tempfile
import threading
import time

import checks
from servers import Site
from workload import Done

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


class Traffic(threading.Thread):
    """Writes as fast as the server takes it, so that messages are always on their way."""

    def __init__(self, site):
        super().__init__(daemon=True)
        self.site, self.ending, self.written = site, False, 0

    def run(self):
        with self.site.client(20) as client:
            while not self.ending:
                for i in range(50):
                    client._send(b"PUB $KV.b.busy.%d 100\r\n%s\r\n" % (i, b"x" * 100))
                client.put("b", "busy.0", b"y" * 100)
                self.written += 51


def run_and_interrupt(context, words, delay, number):
    """Done of a command that got the signal after `delay` seconds; None where it outlived it by 10 s."""
    started = time.monotonic()
    with subprocess.Popen([context.natskv, "--timeout", "5s", *words], env=context.environment(), stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        time.sleep(delay)
        process.send_signal(number)
        sent = time.monotonic()
        try:
            _, err = process.communicate(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            return None
    done = Done(words, process.returncode, b"", err, started, time.monotonic(), sent - started)
    with context.lock:
        context.done.append(done)
    return done


def experiment(given, context_of, seconds):
    folder = tempfile.mkdtemp(prefix="natskv-faults-")
    site = Site(given.server, folder, 1)
    chance, end, count, findings, attempts = random.Random(f"{given.seed}/interrupt"), time.monotonic() + seconds, 0, [], []
    traffic = Traffic(site)
    try:
        with site.client(20) as client:
            client.add_bucket("b", 10, 1)
            client.add_bucket("other", 10, 1)
            for i in range(500):
                client.put("b", f"key.{i}", b"value")
        context = context_of(given, folder + "/c", f"nats://127.0.0.1:{site.nodes[0].port}")
        with open(folder + "/lines", "w", encoding="ascii") as file:
            file.writelines(json.dumps({"key": f"import.{i}", "value": "v"}) + "\n" for i in range(1000))
        traffic.start()
        verbs = [verb for verb in VERBS if verb != "compact" or not given.no_purge]
        while time.monotonic() < end or count < len(verbs):
            verb, number = verbs[count % len(verbs)], chance.choice([signal.SIGINT, signal.SIGINT, signal.SIGTERM])
            words = [word.replace("FOLDER", folder) for word in VERBS[verb](count)]
            done = run_and_interrupt(context, words, chance.choice([0.002, 0.02, 0.2]) * chance.random() * 2, number)
            count += 1
            if done is None:
                findings.append((checks.HUNG, f"{verb}: did not end on signal {number}"))
                continue
            # Before main() the signal takes its usual course, and a short command may have ended before it came.
            fits = {128 + number, -number, 0} | ({4} if verb == "update" else set())
            if verb.startswith("watch"):
                fits.remove(0)
            if done.status not in fits:
                kind = checks.CRASHED if done.status < 0 or done.status > 128 else checks.FALSE
                findings.append((kind, f"{verb}: {done.status} on signal {number}: {done.err[-300:]!r}"))
            if verb == "put":
                attempts.append((words[2], words[3].encode(), done.status))
        traffic.ending = True
        traffic.join(20)
        with site.client(20) as client:
            for key, value, status in attempts:
                last = client.api("STREAM.MSG.GET.KV_b", {"last_by_subj": "$KV.b." + key})
                if status == 0 and base64.b64decode(last.get("message", {}).get("data", "")) != value:
                    findings.append((checks.LOST, f"put: {key}={value!r} exited 0 and is not there"))
        left = [name for name in os.listdir(folder) if name.startswith("exported.")]
        findings += [(checks.CRASHED, f"export: {name} is left") for name in left]
        findings += checks.leftovers(context, [])
        return ("interrupt", count, traffic.written, []), findings
    finally:
        traffic.ending = True
        site.close(given.keep)
