"""A connection that is reset after N bytes, one way or the other, for every N of an exchange; that falls silent there instead; and
one on which each byte comes alone."""
import dataclasses
import json
import random
import tempfile
import time

import checks
from atomic import add_bucket, can_batch, commit, judged, tally
from checks import FALSE, LOST, Finding
from servers import Site
from workload import lines_of, write_of

THERE = {"there": b"value", "some.one": b"1", "some.two": b"2"}

# Seconds that a watch tries to connect again.
WITHOUT = 1

# What a read prints is known, and the same each time.
READS = {
    "get": ["get", "b", "there"],
    "keys": ["keys", "b", "some.>"],
    "history": ["history", "b", "there", "-o", "jsonl"],
    "export": ["export", "b", "some.>"],
    "watch": ["watch", "b", "some.>", "--initial", "-o", "jsonl", "--max-disconnect", f"{WITHOUT}s"],
}

# A write has keys of its own each time; `client` stores what must be there before it.
WRITES = {
    "put": lambda client, n: ["put", "b", f"put.{n}", f"cut-put-{n}"],
    "create": lambda client, n: ["create", "b", f"create.{n}", f"cut-create-{n}"],
    "update": lambda client, n: ["update", "b", f"update.{n}", f"cut-update-{n}", str(client.put("b", f"update.{n}", b"before"))],
    "del": lambda client, n: ["del", "b", f"del.{n}", "-o", "json"] if client.put("b", f"del.{n}", b"before") else None,
    "purge": lambda client, n: ["purge", "b", f"purge.{n}", "-o", "json"] if client.put("b", f"purge.{n}", b"before") else None,
}
IMPORT, COMPACT = ["import", "b"], ["compact", "markers", "-f", "--older-than", "0"]
COMMIT, COMMITTED = "import --atomic", 3


class Cuts:
    def __init__(self, context, client):
        self.context, self.client = context, client
        self.findings, self.writes, self.batches, self.commits, self.printed = [], [], [], [], {}

    def do(self, verb, n):
        """One command, and what is checked of it alone."""
        if verb in READS:
            done = self.context.run(READS[verb], limit=self.context.timeout + WITHOUT * (verb == "watch"))
            if done.status == 0 and done.out != self.printed.setdefault(verb, done.out):
                self.findings.append(Finding(LOST, f"{verb} {n}: {done.out!r}, not {self.printed[verb]!r}"))
        elif verb in WRITES:
            done = self.context.run(WRITES[verb](self.client, n))
            self.writes.append(write_of(done))
            if done.status == 4:
                self.findings.append(Finding(FALSE, f"{verb} {n}: a conflict, and nobody else wrote: {done.err.decode().strip()}"))
        elif verb == "import":
            lines = [(f"import.{n}.{i}", f"cut-import-{n}-{i}") for i in range(3)]
            done = self.context.run(IMPORT, data=lines_of(lines))
            self.batches.append((lines, done))
        elif verb == COMMIT:
            done, batch = commit(self.context, len(self.commits) + 1, COMMITTED)
            self.commits.append(batch)
        else:
            done = self.compact(n)
        return done

    def compact(self, n):
        """In a bucket of its own, as it would drop what del wrote."""
        self.client.api("STREAM.PURGE.KV_markers", {"filter": "$KV.markers.gone.>"})
        self.client.put("markers", f"gone.{n}", b"", {"KV-Operation": "DEL"})
        done = self.context.run(COMPACT)
        left = self.client.last("markers", f"gone.{n}") is not None
        if left and done.status == 0 or not left and done.status == 5:
            self.findings.append(Finding(FALSE, f"compact {n}: exited {done.status}, and the marker is {'there' if left else 'gone'}: "
                                                f"{done.err.decode().strip()}"))
        if self.client.last("markers", "there") is None:
            self.findings.append(Finding(LOST, f"compact {n}: dropped a value"))
        return done

    def hurt(self, proxy, verb, way, n, how):
        """One command on a line that is reset or falls silent after byte n, or trickles: that is slow, and breaks nothing."""
        whole = how == "trickles"
        proxy.silencing, proxy.trickling, proxy.limits = how == "silent", whole, {} if whole else {way: n}
        with_time = self.context
        if whole:
            self.context = dataclasses.replace(with_time, timeout=10.0)
        done = self.do(verb, f"{how}.{way}{n}")
        self.context = with_time
        proxy.heal()
        if how == "silent":
            proxy.drain()
        if whole and done.status != 0:
            self.findings.append(Finding(FALSE, f"{verb}: {done.status} where bytes came one by one: {done.err.decode().strip()}"))

    def undisturbed(self, verb):
        done = self.do(verb, "whole")
        if done.status != 0:
            self.findings.append(Finding(FALSE, f"{verb}: {done.status} without any fault: {done.err.decode().strip()}"))
        return done.out

    def see_whole(self):
        """That what the reads printed without a fault, to which all is held, is right itself."""
        found = {"get": {"there": self.printed["get"]},
                 "keys": {key: THERE.get(key) for key in self.printed["keys"].decode().split()}}
        for verb in ("history", "export", "watch"):
            found[verb] = {entry["key"]: entry["value"].encode() for entry in map(json.loads, self.printed[verb].splitlines())}
        some = {key: value for key, value in THERE.items() if key.startswith("some.")}
        for verb, what in found.items():
            if what != ({"there": THERE["there"]} if verb in ("get", "history") else some):
                self.findings.append(Finding(LOST, f"{verb}: {self.printed[verb]!r} without any fault"))


def commits(given, context_of, seconds):
    """The same with import --atomic of a few keys, which is no other's and of newer servers: no commit is stored in part."""
    if not can_batch(given):
        return ("commit", 0, 0, [f"{given.version} has no atomic batches: not run"]), []
    return experiment(given, context_of, seconds, "commit", [COMMIT])


def experiment(given, context_of, seconds, name="cut", verbs=(*READS, *WRITES, "import", "compact")):
    """Every N where the time suffices, else as many as it allows, chosen by the seed; for every tenth a silence and a trickle,
    too. In a cluster through one node."""
    folder = tempfile.mkdtemp(prefix="natskv-faults-")
    site = Site(given.server, folder, 3 if given.cluster else 1)
    proxy, chance, end = site.proxies[0], random.Random(f"{given.seed}/{name}"), time.monotonic() + seconds
    try:
        with site.client(20) as client:
            client.add_bucket("markers", 64, site.replicas)
            if COMMIT in verbs:
                add_bucket(site, True)
            else:
                client.add_bucket("b", 64, site.replicas)
        for bucket in ("b", "markers"):
            site.settle(bucket)
        with site.client(20) as client:
            for key, value in THERE.items():
                client.put("b", key, value)
            client.put("markers", "there", b"value")
            context = context_of(given, folder + "/c", f"nats://127.0.0.1:{proxy.port}")
            cuts, plan = Cuts(context, client), []
            for verb in (verb for verb in verbs if not (given.no_purge and verb in ("purge", "compact"))):
                before = dict(proxy.passed)
                cuts.undisturbed(verb)
                plan += [(verb, way, n) for way in ("up", "down") for n in range(1, proxy.passed[way] - before[way])]
            if cuts.printed:
                cuts.see_whole()
            chance.shuffle(plan)
            plan = [(*one, how) for how, those in (("reset", plan), ("silent", plan[::10]), ("trickles", plan[5::10])) for one in those]
            chance.shuffle(plan)
            count = 0
            for one in plan:
                if time.monotonic() > end:
                    break
                cuts.hurt(proxy, *one)
                count += 1
        with site.client(60) as client:
            stored = client.stored("b")
        stored = [one for one in stored if one[1] not in THERE]
        findings = cuts.findings + checks.writes(name, cuts.writes, stored) + checks.imports(cuts.batches, stored) + judged(cuts.commits, stored)
        findings += checks.twice(stored, lambda key: not key.startswith(("update.", "del.", "purge.")))
        findings += checks.commands(context.done) + checks.leftovers(context, site.consumers("b", "markers"))
        notes = [f"by status: {tally([one.status for one in cuts.commits])}"] if cuts.commits else []
        return (f"{name}, of {len(plan)}", count, len(context.done), notes), findings
    finally:
        site.close(given.keep)
