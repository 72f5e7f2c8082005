"""What must hold when the dust has settled. Each check returns findings: (kind, sentence)."""
import os
import re
from collections import Counter as Tally

# The kinds are the columns of tests/README.md.
LOST, DUPLICATED, ORDER, HUNG, CRASHED, FALSE = "lost", "duplicated", "out of order", "hung", "crashed", "false status"


def writes(name, attempts, stored, watched, history=64):
    """Acknowledged: kept, or pushed out by newer ones. Refused with 5: nowhere."""
    findings = []
    kept = {(key, value): revision for revision, key, _, value in stored}
    by_key = Tally(key for _, key, _, _ in stored)
    for key, value, status, revision in attempts:
        at = kept.get((key, value), watched.get((key, value)))
        if status == 0 and (key, value) not in kept and by_key[key] < history:
            findings.append((LOST, f"{name}: {key}={value!r} was acknowledged as {revision} and is gone"))
        elif status == 0 and at is not None and at != revision:
            findings.append((DUPLICATED, f"{name}: {key}={value!r} was acknowledged as {revision} and is at {at}"))
        elif status == 5 and at is not None:
            findings.append((FALSE, f"{name}: {key}={value!r} exited 5 and is at {at}"))
    return findings


def twice(stored, mine):
    """Values are written once, but a counter's. `mine` says which keys to look at."""
    counts = Tally((key, value) for _, key, operation, value in stored if operation == "PUT" and mine(key) and not key.endswith("counter"))
    return [(DUPLICATED, f"{key}={value!r} is stored {count} times") for (key, value), count in counts.items() if count > 1]


def value_of(stored, key):
    return int(next(value for _, name, _, value in reversed(stored) if name == key))


def counter(workers, stored, key="counter"):
    won, unknown, value = sum(w.won for w in workers), sum(w.unknown for w in workers), value_of(stored, key)
    if value < won:
        return [(LOST, f"{key}: {won} updates were acknowledged, the value is {value}")]
    if value > won + unknown:
        return [(DUPLICATED, f"{key}: {won} updates were acknowledged, {unknown} not answered, the value is {value}")]
    return []


def of_the_server(findings, control):
    """Those of a kind that the control program had in the same run with the same kind of write, and the rest."""
    kinds = {kind for kind, _ in control}
    return [one for one in findings if one[0] in kinds], [one for one in findings if one[0] not in kinds]


def imports(importer, stored):
    """An import that exited 0 has stored its lines; of one that failed, those before the line it names."""
    findings = []
    kept = {value: revision for revision, _, _, value in stored}
    by_key = Tally(key for _, key, _, _ in stored)
    for lines, done in importer.batches:
        upto = len(lines) if done.status == 0 else 0
        named = re.search(rb"first line that was not acknowledged: (\d+)", done.err) if upto == 0 else None
        if named:
            upto = int(named.group(1)) - 1
        for key, value in lines[:upto]:
            if value.encode() not in kept and by_key[key] < 64:
                findings.append((LOST, f"import ({done.status}): {key}={value} is gone"))
    return findings


def undelivered(control, stored):
    """What a plain consumer, restarted behind its last delivery, did not get though it was kept: the server's own loss."""
    return sorted({revision for revision, _, _, _ in stored} - control.seen)


def watch(watcher, stored, acknowledged, status, undelivered_too):
    """Every kept revision once and in order; what was written, not shown and not said to be missed is lost. What the server
    withheld from a plain consumer too (`undelivered_too`) is not natskv's."""
    findings = []
    revisions = [event["revision"] for event in watcher.seen()]
    seen = set(revisions)
    if len(seen) != len(revisions):
        findings.append((DUPLICATED, f"{watcher.name}: {len(revisions) - len(seen)} revisions twice"))
    if any(a > b for a, b in zip(revisions, revisions[1:])):
        findings.append((ORDER, f"{watcher.name}: revisions out of order"))
    withheld = set(undelivered_too)
    gone = sorted({revision for revision, _, _, _ in stored} - seen - withheld)
    if gone:
        before = max((r for r in seen if r < gone[0]), default=0)
        after = min((r for r in seen if r > gone[0]), default=0)
        what = next(f"{key}={value!r}" for revision, key, _, value in stored if revision == gone[0])
        findings.append((LOST, f"{watcher.name}: {len(gone)} kept revisions were not shown, the first is {gone[0]} ({what}), "
                               f"between {before} and {after}"))
    said = [(int(a), int(b or a)) for a, b in re.findall(r"revisions? (\d+)(?: to (\d+))? ", watcher.said())]
    silent = sorted(r for r in acknowledged - seen - set(gone) - withheld if not any(a <= r <= b for a, b in said))
    if silent:
        findings.append((LOST, f"{watcher.name}: {len(silent)} revisions were missed and not said so, the first is {silent[0]}"))
    if status is None:
        findings.append((HUNG, f"{watcher.name}: did not end on SIGINT"))
    elif status != 130:
        findings.append((CRASHED if status < 0 else FALSE, f"{watcher.name}: ended with {status}: {watcher.said()[-300:]}"))
    return findings


ALLOWED = {"put": {0, 5, 7}, "get": {0, 3, 5}, "update": {0, 4, 5, 7}, "create": {0, 4, 5, 7}, "del": {0, 5, 7}, "purge": {0, 5, 7},
           "keys": {0, 5}, "history": {0, 5}, "export": {0, 5}, "compact": {0, 5, 7}, "import": {0, 5, 7}}


def commands(done):
    """Statuses, limits, crashes. A sentence a kind of failure, with how often."""
    tally, example = Tally(), {}
    for one in done:
        verb, late = one.words[0], one.ended - one.started > one.limit + 9
        if late:
            what = (HUNG, f"{verb}: outlived its limit of {one.limit:g} s")
        elif one.status < 0 or one.status > 128:
            what = (CRASHED, f"{verb}: ended by signal ({one.status})")
        elif one.status not in ALLOWED[verb]:
            what = (FALSE, f"{verb}: exited {one.status}")
        elif verb == "get" and one.status == 3 and one.words[2] == "counter":
            what = (FALSE, "get: a key that exists was said to be missing")
        else:
            continue
        tally[what] += 1
        example.setdefault(what, f"{one.words} after {one.ended - one.started:.2f} s: {one.err.decode(errors='replace').strip()[-300:]}")
    return [(kind, f"{text}, {count} times; {example[kind, text]}") for (kind, text), count in tally.items()]


def leftovers(context, consumers):
    """No process, file or lasting consumer stays behind."""
    findings = []
    mark = f"NATSKV_FAULTS_MARK={context.mark}".encode()
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/environ", "rb") as file:
                if mark in file.read().split(b"\0"):
                    findings.append((HUNG, f"process {pid} is left"))
        except OSError:
            continue
    for name in os.listdir(context.folder + "/tmp"):
        findings.append((CRASHED, f"file {name} is left in TMPDIR"))
    for consumer in consumers:
        config = consumer["config"]
        if config.get("durable_name") or not 0 < config.get("inactive_threshold", 0) <= 60_000_000_000:
            findings.append((CRASHED, f"consumer {consumer['name']} would stay"))
    return findings
