#!/usr/bin/env python3
"""The checker itself: histories that are known to be good and bad."""
import os
import random
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True

from linear import FOREVER, OK, REFUSED, UNKNOWN, Operation, linearizable  # noqa: E402


def put(start, end, value, revision):
    return Operation("put", start, end, OK, value, revision=revision)


def lost_put(start, value):
    return Operation("put", start, FOREVER, UNKNOWN, value)


def get(start, end, value, revision):
    return Operation("get", start, end, OK, value, revision=revision)


def absent(start, end):
    return Operation("get", start, end, REFUSED)


def update(start, end, value, expected, revision=None, result=OK):
    return Operation("update", start, end, result, value, expected, revision)


def create(start, end, value, revision=None, result=OK):
    return Operation("create", start, end, result, value, revision=revision)


def delete(start, end, revision):
    return Operation("del", start, end, OK, revision=revision)


class Good(unittest.TestCase):
    def check(self, *operations):
        self.assertTrue(linearizable(operations))

    def test_nothing(self):
        self.check()

    def test_one_after_another(self):
        self.check(absent(0, 1), put(2, 3, "a", 1), get(4, 5, "a", 1), update(6, 7, "b", 1, 2), get(8, 9, "b", 2),
                   delete(10, 11, 3), absent(12, 13), create(14, 15, "c", 4), get(16, 17, "c", 4))

    def test_reads_during_a_write_see_before_or_after(self):
        self.check(put(0, 1, "a", 1), put(2, 10, "b", 2), get(3, 4, "a", 1), get(5, 6, "b", 2))

    def test_writes_that_overlap_go_either_way(self):
        self.check(put(0, 10, "a", 2), put(0, 10, "b", 1), get(11, 12, "a", 2))

    def test_the_loser_of_two_updates(self):
        self.check(put(0, 1, "a", 1), update(2, 9, "b", 1, 2), update(2, 9, "c", 1, result=REFUSED), get(10, 11, "b", 2))

    def test_no_answer_and_stored_much_later(self):
        self.check(lost_put(0, "a"), absent(2, 3), absent(50, 51), get(98, 99, "a", 1))

    def test_no_answer_and_never_stored(self):
        self.check(lost_put(0, "a"), absent(2, 3), create(4, 5, "b", 1), get(6, 7, "b", 1))

    def test_no_answer_explains_a_conflict(self):
        self.check(put(0, 1, "a", 1), lost_put(2, "b"), update(3, 4, "c", 1, result=REFUSED))

    def test_an_update_without_answer_that_had_lost(self):
        self.check(put(0, 1, "a", 1), update(2, 3, "b", 1, 2), Operation("update", 4, FOREVER, UNKNOWN, "c", 1), get(5, 6, "b", 2))


class Bad(unittest.TestCase):
    def check(self, *operations):
        self.assertFalse(linearizable(operations))

    def test_a_read_of_what_nobody_wrote(self):
        self.check(put(0, 1, "a", 1), get(2, 3, "b", 2))

    def test_a_lost_write(self):
        self.check(put(0, 1, "a", 1), absent(2, 3))

    def test_a_stale_read(self):
        self.check(put(0, 1, "a", 1), put(2, 3, "b", 2), get(4, 5, "a", 1))

    def test_reads_that_go_back(self):
        self.check(put(0, 1, "a", 1), put(2, 10, "b", 2), get(3, 4, "b", 2), get(5, 6, "a", 1))

    def test_two_winners_of_one_revision(self):
        self.check(put(0, 1, "a", 1), update(2, 9, "b", 1, 2), update(2, 9, "c", 1, 3))

    def test_a_conflict_without_a_rival(self):
        self.check(put(0, 1, "a", 1), update(2, 3, "b", 1, result=REFUSED))

    def test_a_create_over_a_value(self):
        self.check(put(0, 1, "a", 1), create(2, 3, "b", 2))

    def test_a_create_refused_on_an_absent_key(self):
        self.check(absent(0, 1), create(2, 3, "b", result=REFUSED))

    def test_a_delete_undone(self):
        self.check(put(0, 1, "a", 1), delete(2, 3, 2), get(4, 5, "a", 1))

    def test_a_write_without_answer_seen_before_it_began(self):
        self.check(get(0, 1, "a", 1), lost_put(2, "a"))

    def test_a_write_without_answer_that_comes_and_goes(self):
        self.check(lost_put(0, "a"), get(1, 2, "a", 1), absent(3, 4))

    def test_revisions_against_time(self):
        self.check(put(0, 1, "a", 2), put(2, 3, "b", 1))


class Simulated(unittest.TestCase):
    def history(self, seed, wrong):
        """Operations of four processes on a true register; `wrong` makes one read stale by more than it may be."""
        chance, state, revision, end, point, known = random.Random(seed), (None, 0), 0, [0.0] * 4, 0.0, 0
        operations, past = [], []
        for n in range(200):
            process = min(range(4), key=lambda p: end[p])
            start = end[process] + chance.random() * 0.1
            point = max(start, point) + 0.001
            end[process] = point + chance.random() * 0.3
            kind = chance.choice(["put", "get", "get", "update"])
            if kind == "get":
                value, at = state
                if wrong and len(past) > 50:
                    (value, at), wrong = past[5], False
                known = at
                operations.append(get(start, end[process], value, at) if value else absent(start, end[process]))
                continue
            if kind == "update" and known != state[1]:
                operations.append(update(start, end[process], f"v{n}", known, result=REFUSED))
                continue
            revision += 1
            lost = kind == "put" and chance.random() < 0.1
            if lost:
                operations.append(lost_put(start, f"v{n}"))
            elif kind == "put" or known == 0:
                operations.append(put(start, end[process], f"v{n}", revision))
            else:
                operations.append(update(start, end[process], f"v{n}", known, revision))
            state, known = (f"v{n}", revision), known if lost else revision
            past.append(state)
        return operations

    def test_good_histories(self):
        for seed in range(10):
            self.assertTrue(linearizable(self.history(seed, wrong=False)), seed)

    def test_a_stale_read_in_the_middle_of_many(self):
        for seed in range(10):
            self.assertFalse(linearizable(self.history(seed, wrong=True)), seed)


if __name__ == "__main__":
    unittest.main()
