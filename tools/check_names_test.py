#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# check_names.py on small headers and tables: which names it finds, what it refuses, and how it counts.

import contextlib
import io
import tempfile
import unittest
from pathlib import Path

import check_names

HEADER = """namespace tendril {
// Queue::dropped is only a remark, and so is `gone`. TENDRIL_SIZE sets the size.
template <class T>
class Queue : public detail::Base<Queue<T>> {
public:
    struct Item;
    T get(Deadline deadline = never);
};
template <class T>
using LifoQueue = Queue<T>;
struct Options {
    std::string name = "wrong";
};
void spawn(Options options);
enum class Mode { read, write };
class Other {
    void other();
};
}  // namespace tendril
"""
BASE = """namespace tendril::detail {
template <class T>
class Base {
public:
    void put_nowait();
};
}  // namespace tendril::detail
"""
README = """<!-- counts -->
{}
<!-- /counts -->

- **other systems**: not here.
"""
TABLE = """# peer

## peer.queue

| peer | here | what differs |
|---|---|---|
{}
"""


class CheckNames(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        self.write("include/tendril/queue.hpp", HEADER)
        self.write("include/tendril/detail/base.hpp", BASE)

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def main(self, *options):
        with contextlib.redirect_stdout(io.StringIO()) as out:
            return check_names.main([*options, str(self.root)]), out.getvalue()

    def check(self, *rows):
        """The findings for a document of these rows, whose counts README has."""
        self.write("docs/names/peer.md", TABLE.format("\n".join((*rows, "| `win32` | | no: other systems |"))))
        self.write("docs/names/README.md", README.format(self.main("--counts")[1]))
        status, out = self.main()
        findings = [line for line in out.split("\n") if line.startswith("docs/")]
        self.assertEqual(status, 1 if findings else 0)
        return findings

    def has(self, name):
        return check_names.Headers(self.root).has(name)

    def test_finds_what_is_declared_in_the_class_or_its_bases(self):
        for name in ("spawn", "Queue", "Queue::get", "Queue::get()", "Queue::Item", "Queue::put_nowait", "LifoQueue::get",
                     "LifoQueue::put_nowait", "Options::name", "Mode::read", "tendril::Queue::get", "TENDRIL_SIZE", "std::mutex"):
            self.assertTrue(self.has(name), name)

    def test_finds_nothing_in_remarks_literals_and_other_classes(self):
        for name in ("gone", "Queue::dropped", "wrong", "Base::get", "Nothing::get", "TENDRIL_OTHER", "Queue::other",
                     "Mode::name", "Queue::Item::get"):
            self.assertFalse(self.has(name), name)

    def test_all_four_states_are_right(self):
        self.assertEqual(self.check("| `get(block, timeout)` | `Queue::get` | |", "| `put` | | not yet: putting |",
                                    "| `spawn(func)` | `spawn` | copies |"), [])

    def test_a_name_that_the_headers_do_not_have(self):
        self.assertIn("`Queue::gone` is not in the public headers", self.check("| `x` | `Queue::gone` | |")[0])

    def test_what_is_not_a_name(self):
        self.assertIn("is not a name", self.check("| `x` | `spawn(f)` | |")[0])

    def test_a_row_without_names_or_with_a_column_too_few(self):
        self.assertIn("no peer's name", self.check("| x | `spawn` | |")[0])
        self.assertIn("2 columns", self.check("| `x` | `spawn` |")[0])
        self.assertIn("nothing said", self.check("| `x` | | |")[0])

    def test_a_name_twice(self):
        self.assertIn("`x` stands in line 7 already", self.check("| `x` | `spawn` | |", "| `x` | `Queue` | |")[0])
        self.assertIn("`x(a)` stands in line 7", self.check("| `x(a)` | `spawn` | |", "| `x(a, b)` | `Queue` | |")[0])
        self.assertEqual(self.check("| `x(a)` | `spawn` | |", "| `x`, `x(b)` | `Queue` | |"), [])

    def test_reasons_are_those_of_readme(self):
        self.assertIn('"taste" is not one of the reasons', self.check("| `x` | | no: taste |")[0])
        self.assertIn("a name of ours", self.check("| `x` | `spawn` | no: other systems; or so |")[0])
        self.write("docs/names/peer.md", TABLE.format("| `x` | `spawn` | |"))
        self.assertIn('no row has the reason "other systems"', self.main()[1])

    def test_other_counts_in_readme(self):
        self.check("| `x` | `spawn` | |")
        self.write("docs/names/peer.md", TABLE.format("| `x`, `y` | `spawn` | |\n| `win32` | | no: other systems |"))
        self.assertIn("other counts than those of", self.main()[1])
        self.write("docs/names/README.md", "- **other systems**: not here.\n")
        self.assertIn("no table of counts", self.main()[1])

    def test_counts_names_and_parameters_once(self):
        self.check("| `x(a)`, `y` | `spawn` | |", "| `x(b)` | `Queue` | more |", "| `z(c)` | `spawn` | |",
                   "| `z` | | not yet: all |")
        self.assertIn("| peer | peer.queue | 4 | 1 | 1 | 1 |", self.main("--counts")[1])
        self.assertIn("peer: 4 here, 1 differs, 1 not applicable, 1 not yet", self.main()[1])

    def test_lists_what_is_not_yet_here(self):
        self.check("| `x(a)`, `y` | `spawn` | not yet: y |", "| `z` | `spawn` | |")
        self.assertEqual(self.main("--not-yet")[1], "docs/names/peer.md:7: x(a), y: y\n")


if __name__ == "__main__":
    unittest.main()
