"""Linearizability: processes that put, update, create, get --consistent and del one key, while things break."""
import json
import random
import tempfile
import threading
import time

import checks
from checks import FALSE, LOST, Finding
from faults import FAULTS, pause_follower
from linear import FOREVER, OK, REFUSED, UNKNOWN, Operation, Undecided, linearizable
from servers import Site
from workload import Control, Worker, control_program


class Register(Worker):
    """One process of the history; `wins` is shared: the revision that was seen last, for compare-and-set."""

    def __init__(self, context, name, seed, key, operations, lock, last):
        super().__init__(context, name, seed)
        self.key, self.operations, self.lock, self.last = key, operations, lock, last
        self.without = []  # what says that it did nothing: words, status, start, end

    def step(self, n):
        kind = self.random.choice(["put", "update", "update", "create", "get", "get", "get", "del"])
        value, expected = f"{self.name}-{n}", self.last["revision"] or 1
        words = {"put": ["put", "b", self.key, value], "update": ["update", "b", self.key, value, str(expected)],
                 "create": ["create", "b", self.key, value], "del": ["del", "b", self.key, "-o", "json"],
                 "get": ["get", "b", self.key, "--consistent", "-o", "json"]}[kind]
        done = self.context.run(words)
        one = self.operation(kind, value, expected, done)
        if one is None:
            self.without.append((words, done.status, done.started, done.ended))
            return
        with self.lock:
            if one.revision:
                self.last["revision"] = one.revision
            self.operations.append(one)

    @staticmethod
    def operation(kind, value, expected, done):
        """What the command did, or None where it did nothing (5) or read nothing."""
        expected = expected if kind == "update" else None
        if kind == "get":
            if done.status == 3:
                return Operation("get", done.started, done.ended, REFUSED)
            if done.status != 0:
                return None
            entry = json.loads(done.out)
            return Operation("get", done.started, done.ended, OK, entry["value"], revision=entry["revision"])
        value = None if kind == "del" else value
        if done.status == 0:
            revision = json.loads(done.out)["revision"] if kind == "del" else int(done.out)
            return Operation(kind, done.started, done.ended, OK, value, expected, revision)
        if done.status == 4:
            return Operation(kind, done.started, done.ended, REFUSED, value, expected)
        if done.status == 7:
            return Operation(kind, done.started, FOREVER, UNKNOWN, value, expected)
        return None


def with_known_revisions(operations, stored):
    """The bucket itself says where a write without answer landed."""
    at = {value.decode(): revision for revision, _, _, value in stored if value}
    return [Operation(o.kind, o.start, o.end, o.result, o.value, o.expected, at[o.value])
            if o.result == UNKNOWN and o.value in at else o for o in operations]


def until(operations, moment):
    """What was known at that moment: a write that was still under way has no answer yet."""
    known = []
    for o in operations:
        if o.end <= moment:
            known.append(o)
        elif o.start < moment and o.writes and o.result != REFUSED:
            known.append(Operation(o.kind, o.start, FOREVER, UNKNOWN, o.value, o.expected, o.revision))
    return known


def explain(operations, key, without, stored):
    """The first moment that no order explains: what ended before it and what was under way, what claims to have done
    nothing, what is stored."""
    ends = sorted(o.end for o in operations if o.end != FOREVER)
    last = next((end for end in ends if not linearizable(until(operations, end))), ends[-1])
    begin = min(o.start for o in operations)

    def when(start, end):
        return f"{start - begin:.4f} to {'?' if end == FOREVER else format(end - begin, '.4f')}"
    near = sorted((o for o in operations if o.start < last and o.end > last - 0.1), key=lambda o: o.end)
    revisions = [o.revision for o in near if o.revision] or [0]
    lines = [f"{key}: no order of what {len(operations)} operations had done at {last - begin:.4f} s:"]
    lines += [f"{when(o.start, o.end)} {o.kind} {o.result} {o.value or ''} revision {o.revision} expected {o.expected}" for o in near]
    lines += [f"{when(start, end)} {' '.join(words)}: status {status}" for words, status, start, end in without
              if start < last and end > last - 2]
    lines += [f"stored {revision} {operation} {value.decode()}" for revision, _, operation, value in stored
              if min(revisions) <= revision <= max(revisions)]
    return "\n    ".join(lines)


def experiment(given, context_of, seconds):
    """Faults of all kinds but partitions (a deposed leader may answer, ADR-8), a new key each few seconds."""
    seed = f"{given.seed}/register"
    folder = tempfile.mkdtemp(prefix="natskv-faults-")
    site = Site(given.server, folder, 3 if given.cluster else 1)
    findings, notes, controls, count, injected, chance, end = [], [], [], 0, 0, random.Random(seed), time.monotonic() + seconds
    unexplained, by_control = [], []
    # Each kind has its round, and a short run short ones.
    spell = min(6.0, max(4.0, seconds / 5))
    kinds = {"kill": FAULTS["kill"]}
    if given.cluster:
        kinds |= {"leader-kill": FAULTS["leader-kill"], "step-down": FAULTS["step-down"], "pause of a follower": pause_follower}
    else:
        kinds |= {"pause": FAULTS["pause"]}
    kinds["none"] = None
    try:
        with site.client(20) as client:
            client.add_bucket("b", 100_000, site.replicas)  # so that all that was stored is seen
        site.settle("b")
        context = context_of(given, folder + "/c", site.url())
        program = control_program(folder)
        rounds = 0
        while rounds < len(kinds) or time.monotonic() < end:
            key, operations, lock, last = f"register{rounds}", [], threading.Lock(), {"revision": None}
            counter = f"control{rounds}.counter"
            with site.client(20) as client:
                client.put("b", counter, b"0")
            controls = [Control(context, program, "add", counter) for _ in range(3)]
            workers = [Register(context, f"r{rounds}p{i}", seed, key, operations, lock, last) for i in range(4)]
            for worker in workers:
                worker.start()
            kind, fault = list(kinds.items())[rounds % len(kinds)]
            if fault is None:
                time.sleep(spell)
            else:
                injected += fault(site, "b", chance, spell, given.timeout)
            for worker in workers:
                worker.end()
            for worker in workers:
                worker.join(60)
            for control in controls:
                control.end()
            site.settle("b")
            findings += checks.ended(workers)
            with site.client(20) as client:
                everything = client.stored("b")
            stored = [one for one in everything if one[1] == key]
            by_control += [(rounds, kind, one) for one in checks.counter(controls, everything, counter)]
            without = sum((w.without for w in workers), [])
            findings += checks.refused(operations, without, stored)
            history = with_known_revisions(operations, stored)
            count += len(history)
            try:
                if not linearizable(history):
                    unexplained.append((rounds, len(history), f"{kind}: {explain(history, key, without, stored)}"))
            except Undecided as undecided:
                findings.append(Finding(FALSE, f"{kind}: {key}: not decided after {undecided}"))
            rounds += 1
        # A history is explained or not, so what the control program lost counts for all of it: in any round, for a server whose
        # compare-and-set is not atomic shows it in one of some fifty updates.
        notes += [f"{one.kind}, round {number}, {kind}: the control program: {one.text}" for number, kind, one in by_control]
        for number, size, text in unexplained:
            if by_control:
                notes.append(f"lost, round {number}, natskv, 1 history of {size} operations, charged to the server: {text}")
            else:
                findings.append(Finding(LOST, text))
        findings += checks.commands(context.done) + checks.leftovers(context, site.consumers("b"))
        return ("register", injected, count, notes), findings
    finally:
        for control in controls:
            control.end()
        site.close(given.keep)
