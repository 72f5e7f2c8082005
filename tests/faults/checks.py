"""What must hold when the dust has settled. Each check returns findings."""
import calendar
import math
import os
import re
import time
from collections import Counter as Tally
from collections import defaultdict
from typing import NamedTuple

# The kinds are the columns of tests/README.md.
LOST, DUPLICATED, ORDER, HUNG, CRASHED, FALSE = "lost", "duplicated", "out of order", "hung", "crashed", "false status"
KINDS = [LOST, DUPLICATED, ORDER, HUNG, CRASHED, FALSE]

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
    """Values are written once, but a counter's. `mine` says which keys to look at. What was taken at one moment was sent once: a
    server that stores it at two revisions moved it (`moments` as above)."""
    findings, places = [], defaultdict(list)
    for one in stored:
        if one[2] == "PUT" and mine(one[1]) and not one[1].endswith("counter"):
            places[one[1], one[3]].append(moments.get(one, one[0]))
    for (key, value), taken in places.items():
        if len(taken) > 1:
            findings.append(Finding(DUPLICATED if len(set(taken)) > 1 else ORDER, f"{key}={value!r} is stored {len(taken)} times"))
    return findings


def value_of(stored, key):
    return int(next(value for _, name, _, value in reversed(stored) if name == key))


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
    """An import that exited 0 has stored its lines; of one that failed, those before the line it names. `batches`: (lines, Done)
    of one importer, one after the other."""
    findings, kept = [], Kept(stored, history)
    revisions = {(key, value): revision for revision, key, _, value in [*shown, *stored]}
    values = {(key, value) for _, key, _, value in stored}
    before = defaultdict(int)  # of each key, a revision that its next line must lie behind
    for lines, done in batches:
        upto = len(lines) if done.status == 0 else 0
        named = re.search(rb"first line that was not acknowledged: (\d+)", done.err) if upto == 0 else None
        if named:
            upto = int(named.group(1)) - 1
        for key, value in lines[:upto]:
            line = key, value.encode()
            at_least = before[key] = max(before[key], revisions.get(line, 0))
            if line not in values and not kept.pushed_out(key, at_least):
                findings.append(Finding(LOST, f"import ({done.status}): {key}={value} is gone"))
    return findings


def lines_acknowledged(batches):
    return sum(len(lines) for lines, done in batches if done.status == 0)


def undelivered(plain, stored, key=None):
    """What a plain consumer of one `key`, or of all, restarted behind its last delivery, did not get though it was kept: the server's
    own loss."""
    return {revision for revision, name, _, _ in stored if key in (None, name)} - plain


def _spans(said):
    """From which to which revision a watch said that it missed some."""
    return [(int(a), int(b or a)) for a, b in re.findall(r"\brevisions? (\d+)\b(?: to (\d+)\b)?", said)]


def unsaid(watcher, stored, acknowledged):
    """What was acknowledged and is gone, and the watch neither showed nor said that it missed."""
    said, seen = _spans(watcher.said()), {event["revision"] for event in watcher.seen()}
    written = {revision for revision, key in acknowledged.items() if watcher.follows(key)}
    kept = {revision for revision, _, _, _ in stored}
    return sorted(r for r in written - seen - kept if not any(a <= r <= b for a, b in said))


def _breaks(events):
    """Where the revisions of what was shown go back."""
    return [at for at in range(1, len(events)) if events[at]["revision"] < events[at - 1]["revision"]]


def _superseded(events, stored):
    """Behind its start anew from the current values a watch need not show what had a newer one by then."""
    newest, breaks = defaultdict(int), _breaks(events)
    for event in events[breaks[0]:] if breaks else []:
        newest[event["key"]] = max(newest[event["key"]], event["revision"])
    return {revision for revision, key, _, _ in stored if revision < newest[key]}


def _order(watcher, events):
    """Ascending, each once; anew behind each time that the watch said so."""
    findings, revisions, breaks = [], [event["revision"] for event in events], _breaks(events)
    if len(breaks) > watcher.said().count("starting from its current values"):
        findings.append(Finding(ORDER, f"{watcher.name}: revisions out of order"))
        breaks = []
    parts = [revisions[a:b] for a, b in zip([0, *breaks], [*breaks, None])]
    twice = sum(len(part) - len(set(part)) for part in parts)
    if twice:
        findings.append(Finding(DUPLICATED, f"{watcher.name}: {twice} revisions twice", twice))
    return findings


def _moved(events, stored, moments):
    """What was shown at another revision."""
    shown = {(event["key"], moment_of(event)) for event in events}
    return {one[0] for one in stored if (one[1], moments.get(one)) in shown}


def moment_of(event):
    """RFC 3339 to nanoseconds since 1970, as the server counts them."""
    whole, _, fraction = event["created"].rstrip("Z").partition(".")
    return calendar.timegm(time.strptime(whole, "%Y-%m-%dT%H:%M:%S")) * 10**9 + int((fraction or "0").ljust(9, "0"))


def watch(watcher, stored, acknowledged, status, plain, moments=None):
    """Every kept revision once and in order; what was written (`acknowledged`: revision -> key), not shown and not said to be missed
    is lost. What a plain consumer, which got `plain`, did not get either is not natskv's: kept, the server did not deliver it; gone,
    it was removed (purge and compact are at work) before any consumer's turn, with no outage of a watch to speak of. `moments`,
    given where the server moved what it had acknowledged: an entry that the watch showed at another revision was shown."""
    findings, events, excused = [], watcher.seen(), undelivered(plain, stored, watcher.key)
    if moments:
        excused |= _moved(events, stored, moments) | _superseded(events, stored)
    seen = {event["revision"] for event in events}
    findings += _order(watcher, events)
    if moments is None and "starting from its current values" in watcher.said():
        findings.append(Finding(FALSE, f"{watcher.name}: started anew, and the server moved nothing: {watcher.said()[-300:]}"))
    others = {event["key"] for event in events if not watcher.follows(event["key"])}
    if others:
        findings.append(Finding(FALSE, f"{watcher.name}: showed other keys, one is {min(others)}"))
    kept = {revision: f"{key}={value!r}" for revision, key, _, value in stored if watcher.follows(key)}
    gone = sorted(set(kept) - seen - excused)
    if gone:
        before = max((r for r in seen if r < gone[0]), default=0)
        after = min((r for r in seen if r > gone[0]), default=0)
        findings.append(Finding(LOST, f"{watcher.name}: {len(gone)} kept revisions were not shown, the first is {gone[0]} ({kept[gone[0]]}), "
                                      f"between {before} and {after}", len(gone)))
    silent = unsaid(watcher, stored, acknowledged)
    ours = plain.intersection(silent)
    if ours:
        findings.append(Finding(LOST, f"{watcher.name}: {len(ours)} revisions were missed and not said so, the first is {min(ours)} "
                                      f"({acknowledged[min(ours)]}); a plain consumer got these, but not the other {len(silent) - len(ours)}", len(ours)))
    if status is None:
        findings.append(Finding(HUNG, f"{watcher.name}: did not end on SIGINT"))
    elif status != 130:
        findings.append(Finding(CRASHED if status < 0 else FALSE, f"{watcher.name}: ended with {status}: {watcher.said()[-300:]}"))
    return findings


ALLOWED = {"put": {0, 5, 7}, "get": {0, 3, 5}, "update": {0, 4, 5, 7}, "create": {0, 4, 5, 7}, "del": {0, 5, 7}, "purge": {0, 5, 7},
           "keys": {0, 5}, "history": {0, 5}, "export": {0, 5}, "compact": {0, 5, 7}, "import": {0, 5, 7}, "watch": {0, 5}}
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
    for name in os.listdir(context.folder + "/tmp"):
        findings.append(Finding(CRASHED, f"file {name} is left in TMPDIR"))
    for consumer in consumers:
        config = consumer["config"]
        if config.get("durable_name") or not 0 < config.get("inactive_threshold", 0) <= 60_000_000_000:
            findings.append(Finding(CRASHED, f"consumer {consumer['name']} would stay"))
    return findings
