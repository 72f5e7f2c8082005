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
import interrupts  # noqa: E402
import workload  # noqa: E402
from checks import CRASHED, DUPLICATED, FALSE, HUNG, LOST, ORDER, Finding  # noqa: E402
from client import Gone  # noqa: E402
from linear import OK, REFUSED, UNKNOWN, Operation  # noqa: E402
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
        self.check([entry(1, b"a", "other"), entry(2, b"a", "other"), mark(3, "DEL"), mark(4, "DEL")])


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

    def test_whose_it_is(self):
        self.assertEqual(checks.value_of([entry(1, b"0", "counter"), entry(2, b"17:count0:3", "counter")], "counter"), 17)

    def test_what_it_did(self):
        said = iter([(0, b'{"value":"4","revision":1}'), (0, b"2\n"), (0, b'{"value":"5:count1:0","revision":2}'), (4, b""), (5, b"")])

        def run(words):
            status, out = next(said)
            return Done(words, status, out, b"", 1.0, 2.0, 1)
        one = workload.Counter(types.SimpleNamespace(run=run), "count0", 1)
        for n in range(3):
            one.step(n)
        self.assertEqual(one.writes, [put(2, b"5:count0:0", "counter", started=1.0), put(None, b"6:count0:1", "counter", 4, 1.0)])
        self.assertEqual((one.won, one.unknown), (1, 0))


class Ended(unittest.TestCase):
    def check(self, step, *expected):
        one = workload.Worker(None, "one", 1)
        one.step, one.daemon = step, True
        one.start()
        one.join(0.1)
        self.assertEqual(kinds(checks.ended([one])), list(expected))
        one.end()

    def test_as_it_should(self):
        one = workload.Worker(None, "one", 1)
        one.end()
        one.start()
        one.join()
        self.assertEqual(checks.ended([one]), [])

    def test_died(self):
        self.check(lambda n: 1 / 0, CRASHED)

    def test_goes_on(self):
        self.check(lambda n: time.sleep(0.01), HUNG)

    def test_traffic_without_a_server(self):
        def client(limit):
            raise Gone("no node answers")
        one = interrupts.Traffic(types.SimpleNamespace(client=client), 1)
        one.start()
        one.join()
        self.assertEqual(kinds(checks.ended([one])), [CRASHED])


class Refused(unittest.TestCase):
    def check(self, stored, *expected):
        operations = [Operation("update", 0, 1, REFUSED, "a", 1), Operation("put", 0, 1, OK, "b", revision=2),
                      Operation("get", 0, 1, REFUSED), Operation("put", 0, 9, UNKNOWN, "c")]
        without = [(["put", "b", "k", "d"], 5, 0, 1), (["create", "b", "k", "e"], 6, 0, 1), (["get", "b", "k", "--consistent", "-o"], 5, 0, 1),
                   (["del", "b", "k", "-o", "json"], 5, 0, 1)]
        self.assertEqual(kinds(checks.refused(operations, without, stored)), list(expected))

    def test_nowhere(self):
        self.check([entry(2, b"b"), entry(3, b"c"), mark(4, "DEL")])

    def test_a_conflict_that_is_there(self):
        self.check([entry(1, b"a"), entry(2, b"b")], FALSE)

    def test_others_that_are_there(self):
        self.check([entry(1, b"d"), entry(2, b"e")], FALSE, FALSE)


class Imports(unittest.TestCase):
    def check(self, batches, stored, *expected, **more):
        batches = [(lines, types.SimpleNamespace(status=status, err=err)) for lines, status, err in batches]
        self.assertEqual(kinds(checks.imports(batches, stored, **more)), list(expected))

    LINES = [("k", "a"), ("l", "b"), ("m", "c")]
    NAMED = b'natskv: import: bucket "b": put 2, unknown 1; ' \
            b"the first line that was not acknowledged is 3\n"

    def test_whole(self):
        self.check([(self.LINES, 0, b"")], [entry(1, b"a"), entry(2, b"b", "l"), entry(3, b"c", "m")])

    def test_a_lost_line(self):
        self.check([(self.LINES, 0, b"")], [entry(1, b"a"), entry(3, b"c", "m")], LOST)

    def test_of_a_failed_one_those_before_the_line_it_names(self):
        self.check([(self.LINES, 7, self.NAMED)], [entry(1, b"a"), entry(2, b"b", "l")])
        self.check([(self.LINES, 7, self.NAMED)], [entry(1, b"a")], LOST)

    def test_one_that_names_none_in_doubt(self):
        self.check([(self.LINES, 7, b"")], [], FALSE)

    def test_of_one_that_names_none_nothing(self):
        self.check([(self.LINES, 5, b"")], [])
        self.check([(self.LINES, 5, b"")], [entry(1, b"a"), entry(2, b"b", "l")], FALSE, FALSE)
        self.check([(self.LINES, 5, b"")], [], FALSE, shown={entry(1, b"a")})

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
        for name in checks.EMPTY:
            os.mkdir(f"{folder.name}/{name}")
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
        with open(self.context.folder + "/exported/x", "wb"):
            self.check()
        for n, name in enumerate(checks.EMPTY, 1):
            with open(f"{self.context.folder}/{name}/x.1", "wb"):
                self.check(*[CRASHED] * n)

    def test_a_lasting_consumer(self):
        self.check(CRASHED, consumers=[{"name": "c", "config": {"durable_name": "c", "inactive_threshold": 5_000_000_000}}])
        self.check(CRASHED, consumers=[{"name": "c", "config": {}}])


if __name__ == "__main__":
    unittest.main()
