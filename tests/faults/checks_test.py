#!/usr/bin/env python3
"""The checks themselves: each finds what was planted, and accepts what is good."""
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import types
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True

import checks  # noqa: E402
from checks import CRASHED, DUPLICATED, FALSE, HUNG, LOST, ORDER, Finding  # noqa: E402
from workload import Done, Write, write_of  # noqa: E402


def put(revision, value, key="k", status=0, started=0.0):
    return Write(key, value, status, revision, "PUT", started)


def marker(operation, revision, key="k", status=0, started=0.0):
    return Write(key, b"", status, revision, operation, started)


def entry(revision, value, key="k"):
    return revision, key, "PUT", value


def mark(revision, operation, key="k"):
    return revision, key, operation, b""


COMPACT = Done(["compact", "b"], 0, b"", b"", 8.0, 9.0, 1)


def kinds(findings):
    return [one.kind for one in findings]


def many(first, last, key="k"):
    return [(revision, b"v%d" % revision, key) for revision in range(first, last + 1)]


class Puts(unittest.TestCase):
    def check(self, attempts, stored, *expected, **more):
        self.assertEqual(kinds(checks.writes("test", attempts, stored, **more)), list(expected))

    def test_all_kept(self):
        self.check([put(1, b"a"), put(2, b"b")], [entry(1, b"a"), entry(2, b"b")])

    def test_one_lost_of_few(self):
        self.check([put(1, b"a"), put(2, b"b")], [entry(2, b"b")], LOST)

    def test_the_newest_lost_of_few(self):
        self.check([put(1, b"a"), put(2, b"b")], [entry(1, b"a")], LOST)

    def test_a_key_of_which_nothing_is_left(self):
        self.check([put(1, b"a")], [], LOST)

    def test_pushed_out_by_newer_ones(self):
        self.check([put(*one) for one in many(1, 70)], [entry(*one) for one in many(7, 70)])

    def test_the_newest_lost_of_a_full_key(self):
        self.check([put(*one) for one in many(1, 70)], [entry(*one) for one in many(4, 67)], LOST, LOST, LOST)

    def test_one_lost_in_the_middle_of_a_full_key(self):
        self.check([put(*one) for one in many(1, 70)], [entry(*one) for one in many(6, 70) if one[0] != 40], LOST)

    def test_another_value_at_the_revision(self):
        self.check([put(1, b"a")], [entry(1, b"x")], LOST)

    def test_another_key_is_no_help(self):
        self.check([put(1, b"a")], [entry(*one) for one in many(2, 70, "other")], LOST)

    def test_stored_elsewhere(self):
        self.check([put(1, b"a")], [entry(2, b"a")], ORDER)

    def test_moved_as_a_watch_saw(self):
        both = {entry(1, b"a"): 7, entry(2, b"a"): 7}
        self.check([put(1, b"a")], [entry(2, b"a")], ORDER, shown={entry(1, b"a")}, moments=both)
        self.check([put(1, b"a")], [entry(2, b"a")], DUPLICATED, shown={entry(1, b"a")}, moments=both | {entry(2, b"a"): 8})

    def test_stored_again_as_a_watch_saw(self):
        self.check([put(1, b"a")], [entry(1, b"a")], DUPLICATED, shown={entry(2, b"a")})

    def test_refused_and_nowhere(self):
        self.check([put(None, b"a", status=5), put(None, b"b", status=4)], [])

    def test_refused_and_stored(self):
        self.check([put(None, b"a", status=5), put(None, b"b", status=4)], [entry(1, b"a"), entry(2, b"b")], FALSE, FALSE)

    def test_refused_and_shown(self):
        self.check([put(None, b"a", status=5)], [], FALSE, shown={entry(1, b"a")})

    def test_without_an_answer(self):
        self.check([put(None, b"a", status=7), put(None, b"b", status=7)], [entry(1, b"a")])


class Markers(unittest.TestCase):
    def check(self, attempts, stored, *expected, **more):
        self.assertEqual(kinds(checks.writes("test", attempts, stored, **more)), list(expected))

    def test_kept(self):
        self.check([put(1, b"a"), marker("DEL", 2)], [entry(1, b"a"), mark(2, "DEL")])

    def test_a_lost_delete(self):
        self.check([put(1, b"a"), marker("DEL", 2)], [entry(1, b"a")], LOST)

    def test_what_a_purge_removed(self):
        self.check([put(1, b"a"), marker("DEL", 2), marker("PURGE", 3), put(4, b"b")], [mark(3, "PURGE"), entry(4, b"b")])

    def test_a_lost_purge(self):
        self.check([put(1, b"a"), marker("PURGE", 2)], [], LOST)

    def test_a_purge_that_did_not_purge(self):
        self.check([put(1, b"a"), marker("PURGE", 2)], [entry(1, b"a"), mark(2, "PURGE")], FALSE)

    def test_lost_behind_a_purge(self):
        self.check([marker("PURGE", 1), put(2, b"a"), put(3, b"b")], [mark(1, "PURGE"), entry(3, b"b")], LOST)

    def test_a_delete_removes_nothing(self):
        self.check([put(1, b"a"), marker("DEL", 2)], [mark(2, "DEL")], LOST)

    def test_what_a_compact_removed(self):
        self.check([put(1, b"a"), marker("DEL", 2)], [], compacts=[COMPACT])

    def test_a_compact_removes_no_value(self):
        self.check([marker("DEL", 1), put(2, b"a")], [], LOST, compacts=[COMPACT])

    def test_a_compact_before_it(self):
        self.check([put(1, b"a", started=1), marker("DEL", 2, started=10)], [], LOST, LOST, compacts=[COMPACT])

    def test_a_compact_without_an_answer_takes_effect_at_any_time(self):
        self.check([put(1, b"a", started=1), marker("DEL", 2, started=10)], [], compacts=[Done(["compact", "b"], 7, b"", b"", 8.0, 9.0, 1)])

    def test_a_compact_that_changed_nothing(self):
        self.check([put(1, b"a"), marker("DEL", 2)], [], LOST, LOST, compacts=[Done(["compact", "b"], 5, b"", b"", 8.0, 9.0, 1)])

    def test_a_purge_without_an_answer_that_was_not_seen(self):
        self.check([put(1, b"a"), marker("PURGE", None, status=7), put(3, b"b")], [entry(3, b"b")])

    def test_a_purge_without_an_answer_that_came_before(self):
        self.check([marker("PURGE", None, status=7), put(2, b"a")], [], LOST, shown={mark(1, "PURGE")})

    def test_refused_and_nowhere(self):
        self.check([put(1, b"a"), marker("DEL", None, status=5)], [entry(1, b"a")])

    def test_refused_and_there(self):
        self.check([put(1, b"a"), marker("DEL", None, status=5)], [entry(1, b"a"), mark(2, "DEL")], FALSE)

    def test_refused_and_shown(self):
        self.check([marker("PURGE", None, status=5)], [], FALSE, shown={mark(1, "PURGE")})

    def test_written_twice(self):
        self.check([marker("DEL", 1)], [mark(1, "DEL"), mark(2, "DEL")], DUPLICATED)

    def test_stored_elsewhere(self):
        self.check([marker("DEL", 1)], [mark(2, "DEL")], ORDER)

    def test_moved_as_a_watch_saw(self):
        both = {mark(1, "DEL"): 7, mark(2, "DEL"): 7}
        self.check([marker("DEL", 1)], [mark(2, "DEL")], ORDER, shown={mark(1, "DEL")}, moments=both)
        self.check([marker("DEL", 1)], [mark(2, "DEL")], DUPLICATED, shown={mark(1, "DEL")}, moments=both | {mark(2, "DEL"): 8})

    def test_refused_beside_one_without_an_answer(self):
        self.check([marker("DEL", None, status=5), marker("DEL", None, status=7)], [mark(1, "DEL")])


class Written(unittest.TestCase):
    def test_a_put(self):
        done = Done(["put", "b", "k", "v"], 0, b"7\n", b"", 1.0, 2.0, 1)
        self.assertEqual(write_of(done), Write("k", b"v", 0, 7, "PUT", 1.0))

    def test_a_purge(self):
        done = Done(["purge", "b", "k", "-o", "json"], 0, b'{"revision":7}\n', b"", 1.0, 2.0, 1)
        self.assertEqual(write_of(done), Write("k", b"", 0, 7, "PURGE", 1.0))

    def test_no_answer(self):
        self.assertEqual(write_of(Done(["del", "b", "k", "-o", "json"], 7, b"", b"", 1.0, 2.0, 1)), Write("k", b"", 7, None, "DEL", 1.0))


class Twice(unittest.TestCase):
    def check(self, stored, *expected):
        self.assertEqual(kinds(checks.twice(stored, lambda key: key.startswith("k"))), list(expected))

    def test_once(self):
        self.check([entry(1, b"a"), entry(2, b"b"), entry(3, b"a", "k2")])

    def test_a_value_twice(self):
        self.check([entry(1, b"a"), entry(2, b"a")], DUPLICATED)

    def test_a_value_at_two_revisions_that_was_taken_once(self):
        stored = [entry(1, b"a"), entry(2, b"a")]
        self.assertEqual(kinds(checks.twice(stored, lambda _: True, {one: 7 for one in stored})), [ORDER])

    def test_what_may_repeat(self):
        self.check([entry(1, b"a", "other"), entry(2, b"a", "other"), entry(3, b"1", "kcounter"), entry(4, b"1", "kcounter"),
                    mark(5, "DEL"), mark(6, "DEL")])


class Counter(unittest.TestCase):
    def check(self, won, unknown, value, *expected):
        workers = [types.SimpleNamespace(won=won - 1, unknown=unknown), types.SimpleNamespace(won=1, unknown=0)]
        found = checks.counter(workers, [entry(1, b"0", "counter"), entry(9, b"%d" % value, "counter")])
        self.assertEqual([(one.kind, one.count) for one in found], list(expected))

    def test_between(self):
        for value in (5, 6, 7):
            self.check(5, 2, value)

    def test_lost(self):
        self.check(5, 2, 2, (LOST, 3))

    def test_added_twice(self):
        self.check(5, 2, 9, (DUPLICATED, 2))


class Imports(unittest.TestCase):
    def check(self, batches, stored, *expected, **more):
        batches = [(lines, types.SimpleNamespace(status=status, err=err)) for lines, status, err in batches]
        self.assertEqual(kinds(checks.imports(batches, stored, **more)), list(expected))

    LINES = [("k", "a"), ("l", "b"), ("m", "c")]
    NAMED = b"natskv: import: first line that was not acknowledged: 3\n"

    def test_whole(self):
        self.check([(self.LINES, 0, b"")], [entry(1, b"a"), entry(2, b"b", "l"), entry(3, b"c", "m")])

    def test_a_lost_line(self):
        self.check([(self.LINES, 0, b"")], [entry(1, b"a"), entry(3, b"c", "m")], LOST)

    def test_of_a_failed_one_those_before_the_line_it_names(self):
        self.check([(self.LINES, 7, self.NAMED)], [entry(1, b"a"), entry(2, b"b", "l")])
        self.check([(self.LINES, 7, self.NAMED)], [entry(1, b"a")], LOST)

    def test_of_one_that_names_none_nothing(self):
        self.check([(self.LINES, 5, b"")], [])

    def test_the_value_of_another_key(self):
        self.check([([("k", "a")], 0, b"")], [entry(1, b"a", "l")], LOST)

    FULL = [([("k", f"v{n}")], 0, b"") for n in range(1, 71)]

    def test_pushed_out_by_newer_ones(self):
        self.check(self.FULL, [entry(*one) for one in many(7, 70)])

    def test_the_newest_lost_of_a_full_key(self):
        self.check(self.FULL, [entry(*one) for one in many(4, 67)], LOST, LOST, LOST)

    def test_one_lost_that_a_watch_saw(self):
        self.check([([("k", "a")], 0, b"")], [entry(*one) for one in many(2, 65)], LOST, shown={entry(9, b"a")})


class OfTheServer(unittest.TestCase):
    def check(self, own, operations, control, control_operations):
        notes, rest = checks.of_the_server("writes", own, operations, control, control_operations)
        return "\n".join(notes), [(one.kind, one.count) for one in rest]

    def test_the_control_program_saw_nothing(self):
        self.assertEqual(self.check([Finding(LOST, "x")], 9, [], 9), ("", [(LOST, 1)]))

    def test_as_many(self):
        notes, rest = self.check([Finding(LOST, "x")] * 3, 10, [Finding(LOST, "y")] * 3, 10)
        self.assertIn("the control program 3 of 10, natskv 3 of 10;", notes)
        self.assertEqual(rest, [])

    def test_more(self):
        notes, rest = self.check([Finding(LOST, "x")] * 5, 10, [Finding(LOST, "y")] * 3, 10)
        self.assertIn("the control program 3 of 10, natskv 5 of 10;", notes)
        self.assertEqual(rest, [(LOST, 1)] * 2)

    def test_by_operations(self):
        self.assertEqual(self.check([Finding(LOST, "x")] * 6, 20, [Finding(LOST, "y")] * 3, 10)[1], [])
        self.assertEqual(self.check([Finding(LOST, "x")] * 7, 20, [Finding(LOST, "y")] * 3, 10)[1], [(LOST, 1)])
        self.assertEqual(self.check([Finding(LOST, "x")] * 4, 5, [Finding(LOST, "y")] * 3, 10)[1], [(LOST, 1)])

    def test_moved(self):
        self.assertEqual(self.check([Finding(ORDER, "x")] * 9, 10, [Finding(ORDER, "y")], 10)[1], [])
        self.assertEqual(self.check([Finding(ORDER, "x")] * 9, 10, [], 10)[1], [(ORDER, 1)] * 9)

    def test_by_count(self):
        notes, rest = self.check([Finding(LOST, "x", 18)], 66, [Finding(LOST, "y", 6)], 66)
        self.assertIn("the control program 6 of 66, natskv 18 of 66;", notes)
        self.assertEqual(rest, [(LOST, 12)])

    def test_another_kind(self):
        self.assertEqual(self.check([Finding(FALSE, "x")], 10, [Finding(LOST, "y")], 10)[1], [(FALSE, 1)])

    def test_only_the_control_program(self):
        self.assertIn("the control program 1 of 10, natskv 0 of 10;", self.check([], 10, [Finding(LOST, "y")], 10)[0])


class Watch(unittest.TestCase):
    def check(self, revisions, *expected, said="", status=130, key=None, others=(), plain=frozenset(range(1, 8)), moments=None):
        created = [f"1970-01-01T00:00:00.{r:09}Z" for r in range(100)]
        events = [{"revision": r, "key": "k" if r % 2 else "l", "created": created[r]} for r in revisions]
        events += [{"revision": r, "key": "l", "created": created[r]} for r in others]
        watcher = types.SimpleNamespace(name="watch", key=key, seen=lambda: events, said=lambda: said,
                                        follows=lambda name: key in (None, name))
        stored = [entry(4, b"d", "l"), entry(5, b"e"), entry(7, b"g")]
        written = {r: "k" if r % 2 else "l" for r in range(1, 8)}
        self.assertEqual(kinds(checks.watch(watcher, stored, written, status, plain, moments)), list(expected))

    def test_all(self):
        self.check([1, 2, 3, 4, 5, 6, 7])

    def test_missed_and_said(self):
        self.check([1, 4, 5, 6, 7], said='natskv: bucket "b": revisions 2 to 3 are no longer kept and were missed')
        self.check([1, 2, 4, 5, 6, 7], said="natskv: revision 3 is no longer kept and was missed")
        self.check([1, 4, 5, 7], said="natskv: of the revisions 2 to 6, 3 are no longer kept and were missed")

    def test_missed_and_not_said(self):
        self.check([1, 4, 5, 6, 7], LOST)

    def test_missed_and_less_was_said(self):
        self.check([1, 4, 5, 6, 7], LOST, said="natskv: revision 3 is no longer kept and was missed")

    def test_a_kept_one_not_shown(self):
        self.check([1, 2, 3, 4, 6, 7], LOST)

    def test_a_kept_one_said_to_be_missed(self):
        self.check([1, 2, 3, 4, 6, 7], LOST, said="natskv: revision 5 is no longer kept and was missed")

    def test_withheld_by_the_server(self):
        self.check([1, 2, 3, 4, 6, 7], plain={1, 2, 3, 4, 6, 7})

    def test_gone_before_the_plain_consumers_turn_too(self):
        self.check([1, 2, 4, 5, 6, 7], plain={4, 5, 7})

    def test_twice(self):
        self.check([1, 2, 3, 4, 4, 5, 6, 7], DUPLICATED)

    def test_order(self):
        self.check([1, 2, 4, 3, 5, 6, 7], ORDER)

    def test_started_anew(self):
        anew = "bucket \"b\": its last revision is 3 now, 4 was shown; starting from its current values"
        self.check([1, 2, 3, 4, 2, 3, 4, 5, 6, 7], said=anew, moments={entry(4, b"d", "l"): 1})
        self.check([1, 2, 3, 4, 2, 3, 4, 3, 5, 6, 7], ORDER, DUPLICATED, said=anew, moments={entry(4, b"d", "l"): 1})
        self.check([1, 2, 3, 4, 2, 3, 4, 4, 5, 6, 7], DUPLICATED, said=anew, moments={entry(4, b"d", "l"): 1})
        self.check([1, 2, 3, 4, 2, 3, 4, 5, 6, 7], FALSE, said=anew)

    def test_started_anew_behind_a_newer_one(self):
        anew, moved = "starting from its current values", {entry(4, b"d", "l"): 1}
        self.check([1, 2, 3, 4, 2, 3, 4, 6, 7], said=anew, moments=moved)  # 7 is newer than 5, of the same key
        self.check([1, 2, 3, 4, 2, 3, 4, 6], LOST, said=anew, moments=moved)

    def test_moved(self):
        self.check([1, 2, 3, 4, 6, 7], moments={entry(5, b"e"): 3})
        self.check([1, 2, 3, 4, 6, 7], LOST, moments={entry(5, b"e"): 5})
        self.check([1, 2, 3, 4, 6, 7], LOST, moments={entry(5, b"e"): 4})  # of another key

    def test_of_a_key_only_that(self):
        self.check([1, 3, 5, 7], key="k")

    def test_of_a_key_missed_and_not_said(self):
        self.check([1, 5, 7], LOST, key="k")

    def test_of_a_key_a_kept_one_not_shown(self):
        self.check([1, 3, 7], LOST, key="k")

    def test_of_a_key_another(self):
        self.check([1, 3, 5, 7], FALSE, key="k", others=[8])

    def test_ends(self):
        self.check(range(1, 8), HUNG, status=None)
        self.check(range(1, 8), CRASHED, status=-11)
        self.check(range(1, 8), FALSE, status=5)


class Commands(unittest.TestCase):
    def check(self, *expected, words=("put", "b", "k", "v"), status=0, took=0.1):
        self.assertEqual(kinds(checks.commands([Done(list(words), status, b"", b"", 10.0, 10.0 + took, 1.0)])), list(expected))

    def test_good(self):
        self.check()
        self.check(status=7)
        self.check(words=["update", "b", "k", "v", "1"], status=4)
        self.check(words=["get", "b", "k"], status=3)
        self.check(took=1 + checks.SLACK - 0.1)

    def test_late(self):
        self.check(HUNG, took=1 + checks.SLACK + 0.1)

    def test_killed_as_it_hung(self):
        self.check(HUNG, status=-9, took=11)

    def test_crashed(self):
        self.check(CRASHED, status=-11)
        self.check(CRASHED, status=134)

    def test_a_wrong_status(self):
        self.check(FALSE, status=4)
        self.check(FALSE, status=1)

    def test_a_key_that_exists(self):
        self.check(FALSE, words=["get", "b", "counter"], status=3)


class Leftovers(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        os.mkdir(folder.name + "/tmp")
        self.context = types.SimpleNamespace(folder=folder.name, mark=f"checks_test {os.getpid()}")

    def check(self, *expected, consumers=()):
        self.assertEqual(kinds(checks.leftovers(self.context, consumers)), list(expected))

    def test_none(self):
        self.check(consumers=[{"name": "c", "config": {"inactive_threshold": 5_000_000_000}}])

    def test_a_process(self):
        environment = dict(os.environ, NATSKV_FAULTS_MARK=self.context.mark)
        with subprocess.Popen(["sleep", "60"], env=environment) as process:
            while not pathlib.Path(f"/proc/{process.pid}/environ").read_bytes():  # not there yet when exec has succeeded
                time.sleep(0.01)
            self.check(HUNG)
            process.kill()
        self.check()

    def test_a_file(self):
        with open(self.context.folder + "/tmp/left", "wb"):
            self.check(CRASHED)

    def test_a_lasting_consumer(self):
        self.check(CRASHED, consumers=[{"name": "c", "config": {"durable_name": "c", "inactive_threshold": 5_000_000_000}}])
        self.check(CRASHED, consumers=[{"name": "c", "config": {}}])


if __name__ == "__main__":
    unittest.main()
