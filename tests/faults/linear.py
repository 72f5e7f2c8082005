"""Is a history of one key explained by one register with compare-and-set? After Wing and Gong: an order of the operations
is looked for, in which each one takes effect at a moment between its call and its return."""
from dataclasses import dataclass

OK, REFUSED, UNKNOWN = "ok", "refused", "unknown"
FOREVER = float("inf")


@dataclass(frozen=True)
class Operation:
    """put, create, update (`expected`: a revision), del, or get. `result`: REFUSED is a conflict, and not found for get;
    UNKNOWN took effect at any time after its start, or never. `revision`: of the write, or of what was read. Values are
    written once. What had no effect for certain (exit 5) stands in no history."""
    kind: str
    start: float
    end: float
    result: str
    value: str = None
    expected: int = None
    revision: int = None

    @property
    def writes(self):
        return self.kind != "get"


class Undecided(Exception):
    """Too many orders to try."""


def _revealed(operations):
    """Each operation's revision; of a write without an answer, that at which its value was read."""
    read = {one.value: one.revision for one in operations if one.kind == "get" and one.result == OK}
    return [one.revision if one.revision is not None or not one.writes or one.result == REFUSED else read.get(one.value)
            for one in operations]


def _step(operation, revision, state):
    """States after the operation, from (value or None, revision or None): none where it can't happen here."""
    value, at = state
    if operation.kind == "get":
        fits = value is None if operation.result == REFUSED else (value, at) == (operation.value, operation.revision)
        return [state] if fits else []
    may = {"put": True, "del": True, "create": value is None, "update": at is not None and at == operation.expected}[operation.kind]
    after = (None if operation.kind == "del" else operation.value, revision)
    if operation.result == REFUSED:
        return [] if may else [state]
    if not may:
        return [state] if operation.result == UNKNOWN and revision is None else []
    if revision is not None and at is not None and revision <= at:
        return []
    return [after]


def linearizable(operations, limit=2_000_000):
    """True or False; Undecided after `limit` steps."""
    operations = sorted(operations, key=lambda one: one.start)
    revisions = _revealed(operations)
    ends = [FOREVER if one.result == UNKNOWN else one.end for one in operations]
    certain = sum(1 << i for i, end in enumerate(ends) if end != FOREVER)
    everything = (1 << len(operations)) - 1
    tried, stack, steps = set(), [(everything, (None, None))], 0
    while stack:
        left, state = stack.pop()
        if not left & certain:
            return True
        if (left, state) in tried:
            continue
        tried.add((left, state))
        ready, first = [], FOREVER
        for i in _bits(left):
            if operations[i].start > first:
                break
            ready.append(i)
            first = min(first, ends[i])
        ready = [i for i in ready if operations[i].start <= first]
        steps += len(ready)
        if steps > limit:
            raise Undecided(f"{steps} steps")
        # What changes nothing and fits may go first: it can't stand in the way of any other.
        still = next((i for i in ready if ends[i] != FOREVER and _step(operations[i], revisions[i], state) == [state]), None)
        if still is not None:
            stack.append((left & ~(1 << still), state))
            continue
        # Depth first; those without an answer are tried last.
        for i in sorted(ready, key=lambda i: ends[i], reverse=True):
            for after in _step(operations[i], revisions[i], state):
                stack.append((left & ~(1 << i), after))
    return False


def _bits(mask):
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low
