#!/usr/bin/env python3
"""The checkers of batches and of modify: what they must find is planted."""
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True

from atomic import KILLED, Batch, counted, judged, mixed, set_of, torn  # noqa: E402
from checks import DUPLICATED, FALSE, LOST, ORDER  # noqa: E402


def writes(first, keys, number):
    return [(first + i, key, "PUT", str(number).encode()) for i, key in enumerate(keys)]


def kinds(batches, stored):
    return [one.kind for one in judged(batches, stored)]


class Batches(unittest.TestCase):
    stored = writes(1, set_of(2), 7) + writes(3, set_of(20), 8)

    def test_as_they_said(self):
        batches = [Batch(7, 2, 0), Batch(8, 20, 7), Batch(9, 20, 4), Batch(10, 2, 5), Batch(11, 2, 1), Batch(12, 100, 7), Batch(13, 2, KILLED)]
        self.assertEqual(kinds(batches, self.stored), [])

    def test_a_part_is_stored(self):
        for status in (0, 7, KILLED):
            self.assertEqual(kinds([Batch(7, 2, status)], self.stored[:1]), [LOST])
        self.assertEqual(kinds([Batch(7, 2, 4)], self.stored[:1]), [LOST])

    def test_a_key_that_is_not_of_the_batch(self):
        self.assertEqual(kinds([Batch(7, 2, 0)], writes(1, ["s2.k0", "s2.k2"], 7)), [LOST])

    def test_stored_twice(self):
        self.assertEqual(kinds([Batch(7, 2, 7)], writes(1, set_of(2) * 2, 7)), [DUPLICATED])

    def test_said_to_be_stored_and_is_not(self):
        self.assertEqual(kinds([Batch(9, 2, 0)], self.stored), [LOST])

    def test_said_to_be_absent_and_is_stored(self):
        for status in (1, 4, 5):
            self.assertEqual(kinds([Batch(7, 2, status)], self.stored), [FALSE])

    def test_another_write_in_between(self):
        self.assertEqual(kinds([Batch(7, 2, 0)], [(1, "s2.k0", "PUT", b"7"), (3, "s2.k1", "PUT", b"7")]), [ORDER])

    def test_a_status_that_means_something_else(self):
        for status in (2, 3, 6, 124, -11):
            self.assertEqual(kinds([Batch(9, 2, status)], self.stored), [FALSE])


class Readers(unittest.TestCase):
    def test_snapshots(self):
        self.assertIsNone(mixed(["3", "3"], 2))
        self.assertIn("numbers", mixed(["3", "4"], 2))
        self.assertIn("1 of 2", mixed(["3"], 2))

    def test_watches(self):
        self.assertEqual(torn("1 2 2 3 3 4 4 5".split(), 2), [])  # what was there, and a batch that has not come whole
        self.assertEqual(torn("1 1 2 3 2 3 4 4".split(), 2), [("2", 1), ("3", 1), ("2", 1), ("3", 1)])
        self.assertEqual(torn("1 1 2 2 2 3 3".split(), 2), [("2", 3)])


class Counters(unittest.TestCase):
    def test_between_what_was_and_what_may_have_been(self):
        for value in (5, 6, 7):
            self.assertEqual(counted(value, 5, 2), [])

    def test_lost_and_added_twice(self):
        self.assertEqual([(one.kind, one.count) for one in counted(3, 5, 2)], [(LOST, 2)])
        self.assertEqual([(one.kind, one.count) for one in counted(9, 5, 2)], [(DUPLICATED, 2)])


if __name__ == "__main__":
    unittest.main()
