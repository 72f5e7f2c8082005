#!/usr/bin/env python3
"""The lock's checker: what it must find is planted."""
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True

from locks import Hold, overlaps, read_hold, shrinking  # noqa: E402


class Planted(unittest.TestCase):
    def test_one_after_the_other(self):
        holds = [Hold("b", 7, 5.0, 6.0, True), Hold("a", 3, 1.0, 4.9, False)]
        self.assertEqual(overlaps(holds), [])
        self.assertEqual(shrinking(holds), [])

    def test_two_at_once(self):
        first, second = Hold("a", 3, 1.0, 4.0, True), Hold("b", 7, 3.9, 6.0, True)
        self.assertEqual(overlaps([second, first]), [(first, second)])

    def test_one_inside_another_and_a_third_still_inside(self):
        outer, inner, third = Hold("a", 1, 0.0, 9.0, True), Hold("b", 2, 1.0, 2.0, True), Hold("c", 3, 8.0, 8.5, True)
        self.assertEqual(overlaps([outer, inner, third]), [(outer, inner), (outer, third)])

    def test_a_token_that_does_not_grow(self):
        first, second = Hold("a", 7, 1.0, 2.0, True), Hold("b", 7, 3.0, 4.0, True)
        self.assertEqual(shrinking([first, second]), [(first, second)])

    def test_a_log_that_was_cut_short(self):
        self.assertEqual(read_hold("a", "begin 3 1.0\nalive 1.5\nali"), Hold("a", 3, 1.0, 1.5, False))
        self.assertEqual(read_hold("a", "begin 3 1.0\nend 1.5\n"), Hold("a", 3, 1.0, 1.5, True))
        self.assertIsNone(read_hold("a", ""))


if __name__ == "__main__":
    unittest.main()
