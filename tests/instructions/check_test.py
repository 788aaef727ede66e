#!/usr/bin/env python3
# SPDX-License-Identifier: MIT

import unittest

import check


class Compare(unittest.TestCase):
    def test_growth_above_three_per_cent_is_found(self):
        grew, shrank, other = check.compare({"a": 103.1, "b": 102.9, "c": 97.0}, {"a": 100, "b": 100, "c": 100})
        self.assertEqual(grew, ["a: 100 -> 103.1 instructions (+3.1%)"])
        self.assertEqual(shrank, ["c: 100 -> 97.0 instructions (-3.0%)"])
        self.assertEqual(other, [])

    def test_an_operation_that_one_of_both_lacks_is_named(self):
        self.assertEqual(check.compare({"new": 1}, {"old": 1}),
                         ([], [], ["new: not in counts.json", "old: not counted any more"]))


if __name__ == "__main__":
    unittest.main()
