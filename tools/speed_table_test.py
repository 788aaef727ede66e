#!/usr/bin/env python3
# SPDX-License-Identifier: MIT

import unittest

import speed_table


class SpeedTable(unittest.TestCase):
    def test_a_table_that_differs_is_found(self):
        good = "# A\n<!-- speed -->\n" + speed_table.table() + "<!-- /speed -->\n"
        self.assertEqual(list(speed_table.differs(good)), [])
        self.assertEqual([line for line, _ in speed_table.differs(good.replace(" ns |", " ms |", 1))], [3])
        self.assertEqual(list(speed_table.differs("no table\n")), [])

    def test_times(self):
        self.assertEqual(speed_table.time(5.4042), "5.4 ns")
        self.assertEqual(speed_table.time(6593.4), "6.59 µs")

    def test_rows_in_which_a_peer_is_ahead_are_named(self):
        def row(**systems):
            return {"title": "x", "figures": [{"key": "ns_cpu"}],
                    "systems": {system: {"ns_cpu": {"median": ns}} for system, ns in systems.items()}}

        found = speed_table.behind({"a": row(tendril=2, Go=1, libuv=3), "b": row(tendril=2, Go=3), "c": row(tendril=2, epoll=1)})
        self.assertEqual(list(found), ["x (Go 0.50)"])

    def test_a_row_leaves_out_who_was_not_measured(self):
        cells = speed_table.row("x", {"tendril": 1.0, "Go": 2.0}).split("|")[1:-1]
        self.assertEqual([cell.strip() for cell in cells], ["x", "1 ns", "", "", "2 ns", "", "", "", ""])


if __name__ == "__main__":
    unittest.main()
