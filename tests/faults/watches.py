"""What a watch must have shown, when the dust has settled."""
import calendar
import re
import time
from collections import defaultdict

from checks import CRASHED, DUPLICATED, FALSE, HUNG, LOST, ORDER, Finding


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


def _altered(watcher, events, stored, moments):
    """What is kept was shown as it is kept; where the server moved things, what it took at another time was another entry."""
    kept = {one[0]: one for one in stored}
    wrong = [event for event in events if kept.get(event["revision"], entry_of(event)) != entry_of(event)]
    if moments:
        wrong = [event for event in wrong if moments.get(kept[event["revision"]]) == moment_of(event)]
    if not wrong:
        return []
    return [Finding(LOST, f"{watcher.name}: {len(wrong)} kept revisions were shown otherwise, the first as {entry_of(wrong[0])}, and it is "
                          f"{kept[wrong[0]['revision']]}", len(wrong))]


def entry_of(event):
    """As the bucket would keep what a watch showed: revision, key, operation, value."""
    return event["revision"], event["key"], event["operation"], event.get("value", "").encode()


def moment_of(event):
    """RFC 3339 to nanoseconds since 1970, as the server counts them."""
    whole, _, fraction = event["created"].rstrip("Z").partition(".")
    return calendar.timegm(time.strptime(whole, "%Y-%m-%dT%H:%M:%S")) * 10**9 + int((fraction or "0").ljust(9, "0"))


def watch(watcher, stored, acknowledged, status, plain, moments=None):
    """Every kept revision once, in order, and as it is kept; what was written (`acknowledged`: revision -> key), not shown and not said
    to be missed is lost. What a plain consumer, which got `plain`, did not get either is not natskv's: kept, the server did not deliver it; gone,
    it was removed (purge and compact are at work) before any consumer's turn, with no outage of a watch to speak of. `moments`,
    given where the server moved what it had acknowledged: an entry that the watch showed at another revision was shown."""
    findings, events, excused = [], watcher.seen(), undelivered(plain, stored, watcher.key)
    if moments:
        excused |= _moved(events, stored, moments) | _superseded(events, stored)
    seen = {event["revision"] for event in events}
    findings += _order(watcher, events) + _altered(watcher, events, stored, moments)
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
