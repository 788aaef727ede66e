# SPDX-License-Identifier: MIT
"""Recursion through C code ends by Python's own RecursionError, in green threads too."""

import unittest

from support import run_program

KINDS = """
import functools, json, pickle, re, sys, threading
import tendril
{begin}

class Sorts:
    def __eq__(self, other):
        return sorted([Sorts(), Sorts()]) == []
    __lt__ = __eq__

class Formats:
    def __getitem__(self, key):
        return "%(a)s" % Formats()

class Iterates:
    def __iter__(self):
        return iter(list(Iterates()))

def nested(make=lambda inner: [inner]):
    value = []
    for _ in range(100_000):
        value = make(value)
    return value

kinds = dict(
    sort=lambda: Sorts() == Sorts(),
    format=lambda: "%(a)s" % Formats(),
    iterate=lambda: list(Iterates()),
    repr=lambda: repr(nested()),
    compare=lambda: nested() == nested(),
    isinstance=lambda: isinstance(1, nested(lambda inner: (inner,))),
    json=lambda: json.loads("[" * 100_000),
    dumps=lambda: json.dumps(nested()),
    pickle=lambda: pickle.dumps(nested()),
    compile=lambda: compile("-" * 5000 + "1", "", "eval"),
    nots=lambda: compile("not " * 3000 + "1", "", "eval"),
    regex=lambda: re.compile("(" * 3000 + ")" * 3000),
    substitute=lambda: re.sub("a", lambda match: kinds["substitute"](), "a"),
)

def run(name):
    try:
        kinds[name]()
        return name + " returned"
    except RecursionError:
        return ""
"""


class Recursion(unittest.TestCase):
    def check(self, source, begin=""):
        status, out, err = run_program(KINDS.format(begin=begin) + source)
        self.assertEqual((status, out.split(), err), (0, [], ""))

    def test_is_an_error_by_the_usual_limit(self):
        for begin in "", "tendril.patch()":
            with self.subTest(begin):
                self.check("""
for name in kinds:
    print(tendril.spawn(run, name).get())
greenlet = tendril.greenlet.greenlet
print(greenlet(run).switch("sort"))
thread = threading.Thread(target=lambda: print(run("sort")))
thread.start()
thread.join()
""", begin + "\nimport tendril.greenlet")

    def test_is_an_error_by_a_raised_limit_where_an_os_threads_stack_has_room(self):
        self.check("""
sys.setrecursionlimit(10_000)
for name in "iterate", "repr", "compare", "json", "pickle":
    print(tendril.spawn(run, name).get())
""")

    def test_a_stack_may_be_chosen(self):
        self.check("""
threading.stack_size(64 << 20)
sys.setrecursionlimit(10_000)
for name in "sort", "format":
    print(tendril.spawn(run, name).get())
""")


if __name__ == "__main__":
    unittest.main()
