"""The checker of watch --state: what it must find is planted."""
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True

from checks import DUPLICATED, LOST, ORDER  # noqa: E402
from states import Round, key_of, read_log, read_state, read_tsv, value_of, wrong  # noqa: E402


def events(first, last):
    return [(revision, key_of(revision), value_of(revision)) for revision in range(first, last + 1)]


def kinds(rounds, command=True, count=6):
    return [kind for kind, _ in wrong(rounds, count, command)]


class Planted(unittest.TestCase):
    def test_one_event_again_after_a_kill(self):
        self.assertEqual(kinds([Round(None, [], None), Round(None, events(1, 3), 2), Round(2, events(3, 3), 3), Round(3, events(4, 6), 6)]), [])

    def test_an_event_that_was_skipped(self):
        self.assertIn(ORDER, kinds([Round(None, events(1, 2) + events(4, 6), 6)]))
        self.assertIn(ORDER, kinds([Round(None, events(1, 3), 3), Round(3, events(5, 6), 6)]))

    def test_events_out_of_order(self):
        self.assertIn(ORDER, kinds([Round(None, events(2, 2) + events(1, 1) + events(3, 6), 6)]))

    def test_a_file_that_is_ahead_of_what_was_handled(self):
        self.assertIn(LOST, kinds([Round(None, events(1, 3), 4), Round(4, events(5, 6), 6)]))

    def test_two_events_again_with_a_command_and_without_one(self):
        rounds = [Round(None, events(1, 4), 2), Round(2, events(3, 6), 6)]
        self.assertEqual(kinds(rounds), [DUPLICATED])
        self.assertEqual(kinds(rounds, command=False), [])

    def test_an_end_that_was_not_reached(self):
        self.assertEqual(kinds([Round(None, events(1, 5), 5)]), [LOST])

    def test_a_file_that_changed_between_two_rounds(self):
        self.assertIn(ORDER, kinds([Round(None, events(1, 3), 3), Round(2, events(4, 6), 6)]))

    def test_another_value(self):
        self.assertIn(ORDER, kinds([Round(None, [(1, key_of(1), "other"), *events(2, 6)], 6)]))

    def test_a_torn_file(self):
        whole = '{"bucket":"b","created":"c","patterns":[],"revision":7}\n'
        self.assertEqual(read_state(whole), 7)
        for size in range(len(whole)):
            with self.assertRaises(ValueError):
                read_state(whole[:size])

    def test_a_line_that_was_cut_short(self):
        self.assertEqual(read_log("1 k1 value 1\n2 k2 val"), [(1, "k1", "value 1")])
        self.assertEqual(read_tsv("k1\t1\tPUT\tt\t7\tvalue 1\nk2\t2"), [(1, "k1", "value 1")])


if __name__ == "__main__":
    unittest.main()
