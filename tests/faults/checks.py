"""What must hold when the dust has settled. Each check returns findings."""
import math
import os
import re
from collections import Counter as Tally
from collections import defaultdict
from typing import NamedTuple

from linear import REFUSED
from workload import number_of

# The kinds are the columns of tests/README.md.
LOST, DUPLICATED, ORDER, HUNG, CRASHED, FALSE = "lost", "duplicated", "out of order", "hung", "crashed", "false status"
KINDS = [LOST, DUPLICATED, ORDER, HUNG, CRASHED, FALSE]

# Folders of an experiment in which nothing may be left, but x where export writes it.
EMPTY = ("home", "tmp", "exported")

# Seconds beyond its limit until a command counts as hung: the machine may be busy.
SLACK = 3


class Finding(NamedTuple):
    kind: str
    text: str
    count: int = 1  # of the operations that went wrong


class Kept:
    """What a bucket keeps, a list of (revision, key, operation, value), by key."""

    def __init__(self, stored, history):
        self.history, self.entries, self.revisions = history, set(stored), defaultdict(list)
        for revision, key, _, _ in stored:
            self.revisions[key].append(revision)

    def pushed_out(self, key, revision):
        """By newer ones: history, purge and compact remove the oldest first, so nothing is missing among what is kept."""
        kept = self.revisions[key]
        return len(kept) >= self.history and revision < min(kept)

    def among(self, key, revision):
        kept = self.revisions[key]
        return bool(kept) and revision >= min(kept)


class _Markers:
    """The markers of one key that were written or may have been: (operation, revision or None, started)."""

    def __init__(self, attempts, seen, moments):
        self.all, self.surplus = [], {}
        for operation in ("DEL", "PURGE"):
            mine = [one for one in attempts if one.operation == operation]
            at = {one.revision for one in mine if one.status == 0}
            unknown = [one.started for one in mine if one.status not in (0, 4, 5)]
            others = sorted({revision for revision, _, what, _ in seen if what == operation} - at)
            self.all += [(operation, one.revision, one.started) for one in mine if one.status == 0]
            # Where each without an answer was seen, it is known where they landed; else they may be anywhere.
            landed = others if len(others) == len(unknown) else [None] * len(unknown)
            self.all += [(operation, revision, started) for revision, started in zip(landed, unknown)]
            if len(others) > len(unknown):
                # A marker that the server moved is seen at two revisions, and taken at one moment.
                once = {moments.get(entry, entry[0]) for entry in seen if entry[2] == operation}
                self.surplus[operation] = others, len(unknown), len(at), len(once) > len(at) + len(unknown)

    def removed(self, write, compacted):
        """May a later purge have removed the write, or a compact, which takes a marker and what is under it?"""
        for operation, revision, started in self.all:
            if operation == "PURGE" and (revision is None or revision > write.revision):
                return True
            if (revision is None or revision >= write.revision) and max(started, write.started) < compacted:
                return True
        return False


def _until(compacts):
    """The moment after which none of them can have dropped anything: one without an answer may take effect late."""
    return max((one.ended if one.status in (0, 5) else math.inf for one in compacts), default=-math.inf)


def writes(name, attempts, stored, shown=(), history=64, compacts=(), moments={}):
    """Acknowledged: kept at its revision, or removed as it should be. Refused: nowhere. `shown` is what watches showed, evidence
    beyond what is kept; `compacts` are those that ran meanwhile, of which one that exited 5 has changed nothing. `moments`: of an
    entry (revision, key, operation, value), when the server took it. What is there once, but not where it was acknowledged, is
    out of order; taken twice, it is duplicated."""
    compacted, denied = _until(one for one in compacts if one.status != 5), _until(compacts)
    findings, kept, seen = [], Kept(stored, history), set(stored) | set(shown)
    places, of_key, attempts_of = defaultdict(set), defaultdict(list), defaultdict(list)
    for entry in seen:
        places[entry[1:]].add(entry[0])
        of_key[entry[1]].append(entry)
    for one in attempts:
        attempts_of[one.key].append(one)
    markers = {key: _Markers(those, of_key[key], moments) for key, those in attempts_of.items()}
    for one in attempts:
        what = f"{name}: {one.key}={one.value!r}" if one.operation == "PUT" else f"{name}: {one.operation} of {one.key}"
        at = places[one.key, one.operation, one.value] if one.operation == "PUT" else set()  # a marker is like another
        if one.status in (4, 5) and at:
            findings.append(Finding(FALSE, f"{what} exited {one.status} and is at {min(at)}"))
        if one.status != 0:
            continue
        if at - {one.revision}:
            taken = {moments.get((revision, one.key, "PUT", one.value), revision) for revision in at}
            findings.append(Finding(DUPLICATED if len(taken) > 1 else ORDER,
                                    f"{what} was acknowledged as {one.revision} and is at {min(at - {one.revision})}"))
        elif (one.revision, one.key, one.operation, one.value) not in kept.entries:
            if one.operation in markers[one.key].surplus:
                continue  # which is told once, below
            if kept.among(one.key, one.revision) or not (kept.pushed_out(one.key, one.revision) or markers[one.key].removed(one, compacted)):
                why = ", maybe by a compact that exited 5" if markers[one.key].removed(one, denied) else ""
                findings.append(Finding(LOST, f"{what} was acknowledged as {one.revision} and is gone{why}"))
        if one.operation == "PURGE" and kept.revisions[one.key] and min(kept.revisions[one.key]) < one.revision:
            findings.append(Finding(FALSE, f"{what} was acknowledged as {one.revision}, and {min(kept.revisions[one.key])} is still kept"))
    for key, those in markers.items():
        for operation, (others, unknown, acknowledged, again) in those.surplus.items():
            # One marker is like another: it may be one of those acknowledged, elsewhere or again, where there are such.
            findings.append(Finding((DUPLICATED if again else ORDER) if acknowledged else FALSE,
                                    f"{name}: {operation} of {key}: {unknown} were without an answer, and beside where {acknowledged} were "
                                    f"acknowledged there are {len(others)}: {others[:10]}", len(others) - unknown))
    return findings


def twice(stored, mine, moments={}):
    """Values are written once. `mine` says which keys to look at. What was taken at one moment was sent once: a server that stores it
    at two revisions moved it (`moments` as above)."""
    findings, places = [], defaultdict(list)
    for one in stored:
        if one[2] == "PUT" and mine(one[1]):
            places[one[1], one[3]].append(moments.get(one, one[0]))
    for (key, value), taken in places.items():
        if len(taken) > 1:
            findings.append(Finding(DUPLICATED if len(set(taken)) > 1 else ORDER, f"{key}={value!r} is stored {len(taken)} times"))
    return findings


def value_of(stored, key):
    return number_of(next(value for _, name, _, value in reversed(stored) if name == key).decode())


def counter(workers, stored, key="counter"):
    won, unknown, value = sum(w.won for w in workers), sum(w.unknown for w in workers), value_of(stored, key)
    if value < won:
        return [Finding(LOST, f"{key}: {won} updates were acknowledged, the value is {value}", won - value)]
    if value > won + unknown:
        return [Finding(DUPLICATED, f"{key}: {won} updates were acknowledged, {unknown} not answered, the value is {value}", value - won - unknown)]
    return []


def of_the_server(what, own, operations, control, control_operations):
    """What the server is charged with, as notes, and the findings that remain. Of each kind it is charged with as many of natskv's
    as the control program had in the same run with the same kind of write, and with proportionally more where natskv did more
    operations (not with less where it did less: a leader that goes takes what is under way). What exceeds that stays a finding;
    which ones those are can't be known: the two write keys of their own. Where a write is that was acknowledged elsewhere, only
    the server decides: where it moved any of the control program's, it moved natskv's."""
    notes, rest = [], []
    for kind in KINDS:
        ours, seen = ([one for one in those if one.kind == kind] for those in (own, control))
        if not seen:
            rest += ours
            continue
        had, saw = sum(one.count for one in ours), sum(one.count for one in seen)
        share = max(saw, math.ceil(saw * operations / max(control_operations, 1)), had if kind == ORDER else 0)
        notes.append(f"{kind}, {what}: the control program {saw} of {control_operations}, natskv {had} of {operations}; "
                     f"up to {share} of natskv's are the server's")
        notes += [f"  for example, {who}: {one.text}" for who, those in (("the control program", seen), ("natskv", ours)) for one in those[:2]]
        beyond = had - share
        for one in reversed(ours):
            if beyond > 0:
                rest.append(one._replace(text=f"{one.text} (beyond the server's {share} {what})", count=min(one.count, beyond)))
                beyond -= one.count
    return notes, rest


def imports(batches, stored, shown=(), history=64):
    """An import that exited 0 has stored its lines; of one that failed, those before the line it names. It names one as soon as it
    has sent one, so without it none is there, and none is in doubt (7). `batches`: (lines, Done) of one importer, one after the
    other."""
    findings, kept = [], Kept(stored, history)
    revisions = {(key, value): revision for revision, key, _, value in [*shown, *stored]}
    values = {(key, value) for _, key, _, value in stored}
    before = defaultdict(int)  # of each key, a revision that its next line must lie behind
    for lines, done in batches:
        upto = len(lines) if done.status == 0 else 0
        named = re.search(rb"the first line that was not acknowledged is (\d+)", done.err)
        if done.status != 0 and named:
            upto = int(named.group(1)) - 1
        elif done.status == 7:
            findings.append(Finding(FALSE, f"import exited 7 and named no line: {done.err[-300:]!r}"))
        elif done.status == 5:
            there = [line for line in lines if (line[0], line[1].encode()) in revisions]
            findings += [Finding(FALSE, f"import exited 5 and named no line, and {key}={value} is stored") for key, value in there]
        for key, value in lines[:upto]:
            line = key, value.encode()
            at_least = before[key] = max(before[key], revisions.get(line, 0))
            if line not in values and not kept.pushed_out(key, at_least):
                findings.append(Finding(LOST, f"import ({done.status}): {key}={value} is gone"))
    return findings


def lines_acknowledged(batches):
    return sum(len(lines) for lines, done in batches if done.status == 0)


ALLOWED = {"put": {0, 5, 7}, "get": {0, 3, 5}, "update": {0, 4, 5, 7}, "create": {0, 4, 5, 7}, "del": {0, 5, 7}, "purge": {0, 5, 7},
           "keys": {0, 5}, "history": {0, 5}, "export": {0, 5}, "compact": {0, 5, 7}, "import": {0, 5, 7}, "watch": {0, 5}, "env": {0, 5}, "modify": {0, 4, 5, 7}}
ALWAYS_THERE = ("counter", "there")


def commands(done):
    """Statuses, limits, crashes. A sentence a kind of failure, with how often."""
    tally, example = Tally(), {}
    for one in done:
        verb, late = one.words[0], one.ended - one.started > one.limit + SLACK
        if late:
            what = (HUNG, f"{verb}: outlived its limit of {one.limit:g} s")
        elif one.status < 0 or one.status > 128:
            what = (CRASHED, f"{verb}: ended by signal ({one.status})")
        elif one.status not in ALLOWED[verb]:
            what = (FALSE, f"{verb}: exited {one.status}")
        elif verb == "get" and one.status == 3 and one.words[2] in ALWAYS_THERE:
            what = (FALSE, "get: a key that exists was said to be missing")
        else:
            continue
        tally[what] += 1
        example.setdefault(what, f"{one.words} after {one.ended - one.started:.2f} s: {one.err.decode(errors='replace').strip()[-300:]}")
    return [Finding(kind, f"{text}, {count} times; {example[kind, text]}", count) for (kind, text), count in tally.items()]


def ended(workers):
    """The threads of an experiment lived as long as they were to, and no longer."""
    return [Finding(CRASHED, f"{w.name}: {w.error!r}") for w in workers if w.error] + \
           [Finding(HUNG, f"{w.name} still runs") for w in workers if w.is_alive()]


def refused(operations, without, stored):
    """Of a register's writes none that says it did nothing is stored: those that lost (4), and `without`, what exited 5 or otherwise
    says so: (words, status, start, end). A marker is like another."""
    claims = [(o.kind, o.value, 4) for o in operations if o.writes and o.result == REFUSED]
    claims += [(words[0], words[3], status) for words, status, _, _ in without if words[0] in ("put", "create", "update")]
    at = {value.decode(): revision for revision, _, _, value in stored}
    return [Finding(FALSE, f"{kind} of {value} exited {status} and is at {at[value]}") for kind, value, status in claims if value in at]


def leftovers(context, consumers):
    """No process, file or lasting consumer stays behind."""
    findings = []
    mark = f"NATSKV_FAULTS_MARK={context.mark}".encode()
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/environ", "rb") as file:
                if mark in file.read().split(b"\0"):
                    findings.append(Finding(HUNG, f"process {pid} is left"))
        except OSError:
            continue
    for folder in EMPTY:
        left = set(os.listdir(f"{context.folder}/{folder}")) - ({"x"} if folder == "exported" else set())
        findings += [Finding(CRASHED, f"file {name} is left in {folder}") for name in sorted(left)]
    for consumer in consumers:
        config = consumer["config"]
        if config.get("durable_name") or not 0 < config.get("inactive_threshold", 0) <= 60_000_000_000:
            findings.append(Finding(CRASHED, f"consumer {consumer['name']} would stay"))
    return findings
