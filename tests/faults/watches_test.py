#!/usr/bin/env python3
"""The checks of watches: each finds what was planted, and accepts what is good."""
import os
import sys
import types
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True

import watches  # noqa: E402
from checks import CRASHED, DUPLICATED, FALSE, HUNG, LOST, ORDER  # noqa: E402
from checks_test import entry, kinds  # noqa: E402


class Watch(unittest.TestCase):
    def check(self, revisions, *expected, said="", status=130, key=None, others=(), plain=frozenset(range(1, 8)), moments=None,
              altered={}):
        created = [f"1970-01-01T00:00:00.{r:09}Z" for r in range(100)]
        events = [{"revision": r, "key": "k" if r % 2 else "l", "operation": "PUT", "value": "?abcdefgh"[r], "created": created[r]}
                  for r in revisions]
        events += [{"revision": r, "key": "l", "operation": "PUT", "created": created[r]} for r in others]
        events = [dict(event, **altered.get(event["revision"], {})) for event in events]
        watcher = types.SimpleNamespace(name="watch", key=key, seen=lambda: events, said=lambda: said,
                                        follows=lambda name: key in (None, name))
        stored = [entry(4, b"d", "l"), entry(5, b"e"), entry(7, b"g")]
        written = {r: "k" if r % 2 else "l" for r in range(1, 8)}
        self.assertEqual(kinds(watches.watch(watcher, stored, written, status, plain, moments)), list(expected))

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

    def test_shown_otherwise(self):
        self.check(range(1, 8), LOST, altered={5: {"value": "E"}})
        self.check(range(1, 8), LOST, altered={5: {"key": "l"}})
        self.check(range(1, 8), LOST, altered={5: {"operation": "DEL"}})
        self.check(range(1, 8), altered={3: {"value": "E"}})  # which is no longer kept

    def test_another_that_the_server_had_there(self):
        self.check(range(1, 8), altered={5: {"value": "E"}}, moments={entry(5, b"e"): 9})
        self.check(range(1, 8), LOST, altered={5: {"value": "E"}}, moments={entry(5, b"e"): 5})

    def test_order(self):
        self.check([1, 2, 4, 3, 5, 6, 7], ORDER)

    def test_started_anew(self):
        anew = "bucket \"b\": its last revision is now 3, but 4 was shown; starting from its current values"
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


if __name__ == "__main__":
    unittest.main()
