#!/usr/bin/env python3
"""Four natskv contend for one lock while servers, lines, natskv, keepers and children are hurt: no two children may run at once.

As a program it is the child: locks.py LOG SECONDS STATUS STUBBORN."""
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from typing import NamedTuple

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True

KEY, BUCKET = "deploy", "locks"
OWN_STATUS = 40  # a child's that ended by itself, beside 0
# COMMAND's own, natskv's of its table, and those of signals (-n: natskv itself was killed).
ALLOWED = {0, OWN_STATUS, 4, 5, 7, 143, 137, -signal.SIGKILL}


class Hold(NamedTuple):
    """What one child logged, on CLOCK_MONOTONIC."""
    name: str
    token: int
    begin: float
    last: float  # when it was last alive
    ended: bool  # by itself


def child(log, seconds, status, stubborn):
    """Logs its token and every 10 ms that it is alive."""
    if stubborn:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    end = time.monotonic() + seconds
    with open(log, "a", buffering=1, encoding="ascii") as out:
        out.write(f"begin {os.environ['NATSKV_LOCK_TOKEN']} {time.monotonic()}\n")
        while time.monotonic() < end:
            time.sleep(0.01)
            out.write(f"alive {time.monotonic()}\n")
        out.write(f"end {time.monotonic()}\n")
    return status


def read_hold(name, text):
    """A child's log, or None where it did not begin."""
    lines = [line.split() for line in text.splitlines(keepends=True) if line.endswith("\n")]
    if not lines or lines[0][0] != "begin":
        return None
    return Hold(name, int(lines[0][1]), float(lines[0][2]), float(lines[-1][-1]), lines[-1][0] == "end")


def overlaps(holds):
    """Pairs of which one began while the other was alive."""
    found, latest = [], None
    for hold in sorted(holds, key=lambda one: one.begin):
        if latest is not None and hold.begin <= latest.last:
            found.append((latest, hold))
        if latest is None or hold.last > latest.last:
            latest = hold
    return found


def shrinking(holds):
    """Pairs of which the later has no greater token."""
    order = sorted(holds, key=lambda one: one.begin)
    return [(one, other) for one, other in zip(order, order[1:]) if other.token <= one.token]


def children_of(pid):
    """Its children's pids and names."""
    found = []
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children", encoding="ascii") as file:
                for one in file.read().split():
                    with open(f"/proc/{one}/comm", encoding="utf-8") as name:
                        found.append((int(one), name.read().strip()))
    except OSError:
        pass
    return found


class Contender(threading.Thread):
    """Takes the lock again and again."""

    def __init__(self, context, number, seed, lease, per_key):
        super().__init__(daemon=True)
        self.context, self.name, self.lease, self.per_key = context, f"c{number}", lease, per_key
        self.random = random.Random(f"{seed}/{number}")
        self.ending, self.process, self.logs, self.statuses = False, None, [], []

    def run(self):
        number = 0
        while not self.ending:
            number += 1
            log = f"{self.context.folder}/{self.name}.{number}"
            life = self.random.uniform(0.1, 2) * self.lease if self.random.random() < 0.4 else self.random.uniform(0.1, 0.5) * self.lease
            words = ["lock", BUCKET, KEY, "--value", self.name]
            if self.per_key:
                words += ["--ttl", f"{self.lease}s"]
            words += self.random.choice([[], [], ["--try"], ["--within", f"{self.lease}s"]])
            words += ["--", sys.executable, os.path.abspath(__file__), log, f"{life:.3f}", str(self.random.choice([0, OWN_STATUS])),
                      str(int(self.random.random() < 0.5))]
            with open(log + ".err", "wb") as err:
                self.process = subprocess.Popen([self.context.natskv, "--timeout", f"{int(self.context.timeout * 1000)}ms", *words],
                                                env=self.context.environment(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                                stderr=err, start_new_session=True)
            self.logs.append(log)
            self.statuses.append((self.process.wait(), log))
            time.sleep(self.random.uniform(0, 0.2))

    def hold(self, log):
        try:
            with open(log, encoding="ascii") as file:
                return read_hold(os.path.basename(log), file.read())
        except OSError:
            return None


def hurt_processes(contender, rng, lease):
    """One of natskv, its keeper and its child; never natskv and the keeper together: then only the token helps."""
    process = contender.process
    if process is None or process.poll() is not None:
        return False
    below = children_of(process.pid)
    keepers = [pid for pid, name in below if name == "natskv-keeper"]
    others = [pid for pid, name in below if name != "natskv-keeper"]
    what = rng.choice(["kill", "stop", "term", "keeper-kill", "keeper-stop", "child-kill", "child-stop"])
    target = {"keeper": keepers, "child": others}.get(what.split("-")[0], [process.pid])
    if not target:
        return False
    number = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP, "term": signal.SIGTERM}[what.split("-")[-1]]
    try:
        os.kill(target[0], number)
        if number == signal.SIGSTOP:
            time.sleep(rng.uniform(0.2, 1.6) * lease)
            os.kill(target[0], signal.SIGCONT)
    except ProcessLookupError:
        return False
    return True


def hurt_servers(site, rng, lease):
    """A server, a leader or a line, for up to 1.2 leases."""
    what = rng.choice(["kill", "pause", "cut", "silent"] + (["step-down"] if site.replicas > 1 else []))
    if not site.hurt_node(rng, what, BUCKET, (0, 1.2 * lease), (0.1 * lease, 1.2 * lease)):
        for proxy in site.proxies:
            proxy.paused = what == "silent"
            proxy.cut()
        time.sleep(rng.uniform(0.1, 1.2) * lease)
        for proxy in site.proxies:
            proxy.heal()
    return True


def add_bucket(site, lease, per_key):
    nanoseconds = lease * 1_000_000_000
    settings = {"allow_msg_ttl": True} if per_key else {"max_age": nanoseconds, "duplicate_window": nanoseconds}
    with site.client(20) as client:
        answer = client.api("STREAM.CREATE.KV_" + BUCKET, {
            "name": "KV_" + BUCKET, "subjects": [f"$KV.{BUCKET}.>"], "max_msgs_per_subject": 1, "storage": "file", "discard": "new",
            "num_replicas": site.replicas, "deny_delete": True, "allow_rollup_hdrs": True, "allow_direct": True, **settings}, limit=20)
        if "error" in answer:
            raise RuntimeError(answer["error"])


def experiment(given, context_of, seconds):
    from checks import CRASHED, DUPLICATED, FALSE, ORDER, Finding
    from client import Gone
    from servers import Site
    rng = random.Random(f"{given.seed}/lock")
    folder = tempfile.mkdtemp(prefix="natskv-faults-")
    site = Site(given.server, folder, 3 if given.cluster else 1)
    lease = rng.choice([2, 3, 4, 5]) if not given.cluster else 5
    per_key = tuple(map(int, given.version.lstrip("v").split("."))) >= (2, 11)
    contenders, faults = [], 0
    try:
        add_bucket(site, lease, per_key)
        site.settle(BUCKET)
        context = context_of(given, folder + "/c", site.url())
        contenders = [Contender(context, number, given.seed, lease, per_key) for number in range(4)]
        for one in contenders:
            one.start()
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            time.sleep(rng.uniform(0.1, 0.6) * lease)
            try:
                # Who holds the lock, as a rule: the others only wait.
                holders = [one for one in contenders if one.process and children_of(one.process.pid)] if rng.random() < 0.8 else []
                hurt = hurt_processes(rng.choice(holders or contenders), rng, lease) if rng.random() < 0.7 else hurt_servers(site, rng, lease)
                faults += bool(hurt)
            except (Gone, RuntimeError):
                continue
        site.settle(BUCKET)
        for one in contenders:
            one.ending = True
        for one in contenders:
            one.join(20 * lease)
        time.sleep(lease)
        pairs = [(one, hold) for one in contenders for log in one.logs if (hold := one.hold(log)) is not None]
        holds = [hold for _, hold in pairs]
        stopped = sum(not hold.ended for hold in holds)
        findings = [Finding(DUPLICATED, f"{one} and {other} ran at once") for one, other in overlaps(holds)]
        findings += [Finding(ORDER, f"the token of {other} is not above that of {one}") for one, other in shrinking(holds)]
        for one in contenders:
            findings += [Finding(FALSE, f"{log}: status {status}") for status, log in one.statuses if status not in ALLOWED]
            if one.is_alive():
                findings.append(Finding(CRASHED, f"{one.name} did not end"))
        findings += [Finding(CRASHED, f"child {pid} is left") for pid in children_left(context.mark)]
        notes = [f"{len(holds)} holds of a lease of {lease} s, {stopped} of them ended by a fault"]
        return ("lock", faults, sum(len(one.statuses) for one in contenders), notes), sorted(set(findings))
    finally:
        for one in contenders:
            one.ending = True
            if one.process is not None and one.process.poll() is None:
                one.process.kill()
        site.close(given.keep)


def children_left(mark):
    """Children of this experiment that still run."""
    left = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/environ", "rb") as file:
                if f"NATSKV_FAULTS_MARK={mark}".encode() in file.read() and "locks.py" in open(f"/proc/{pid}/cmdline", encoding="utf-8").read():
                    left.append(int(pid))
        except OSError:
            continue
    return left


if __name__ == "__main__":
    sys.exit(child(sys.argv[1], float(sys.argv[2]), int(sys.argv[3]), sys.argv[4] == "1"))
