#!/usr/bin/env python3
# SPDX-License-Identifier: MIT

import contextlib
import io
import pathlib
import tempfile
import unittest
import xml.etree.ElementTree

import against
import chart
import measuring
import targets


def results(**rows):
    """Results with these medians: row=(tendril's, Go's), with a spread of 1 %."""
    def entry(value):
        return {"ns_cpu": {"median": value, "quartiles": [value * 0.99, value * 1.01]}}

    return {
        "time": "2026-11-30T00:00:00+00:00", "compiler": {"version": "g++ 12"},
        "machine": {"processor": "A <quick> one", "cpus": 2, "kernel": "6", "host": "vm", "commit": "abc", "load": 0.0},
        "results": {row: {"title": row, "base": "tendril", "figures": [{"key": "ns_cpu", "title": "", "unit": "ns", "divisor": 1}],
                          "systems": {"tendril": entry(ours), "Go": entry(theirs)}} for row, (ours, theirs) in rows.items()},
    }


def refusal(cache):
    """What check_build() says to a build with this cache; nothing if it takes it."""
    with tempfile.TemporaryDirectory() as folder:
        (pathlib.Path(folder) / "CMakeCache.txt").write_text(cache)
        try:
            measuring.check_build(pathlib.Path(folder))
        except SystemExit as error:
            return str(error)
    return ""


class CheckBuild(unittest.TestCase):
    RELEASE = "CMAKE_BUILD_TYPE:STRING=Release\nCMAKE_CXX_FLAGS_RELEASE:STRING=-O2 -DNDEBUG\n"

    def test_a_release_build_is_taken(self):
        self.assertEqual(refusal(self.RELEASE), "")

    def test_others_are_refused(self):
        self.assertIn("'Debug' build", refusal("CMAKE_BUILD_TYPE:STRING=Debug\n"))
        self.assertIn("assertions", refusal(self.RELEASE.replace(" -DNDEBUG", "")))
        self.assertIn("sanitizer", refusal(self.RELEASE + "TENDRIL_SANITIZE:STRING=thread\n"))
        self.assertIn("sanitizer", refusal(self.RELEASE.replace("-O2", "-O2 -fsanitize=address")))


class Against(unittest.TestCase):
    def words(self, new, old):
        return {key: word for key, _, _, _, _, _, word in against.compare(new, old)}

    def test_what_is_beyond_the_spread_is_named(self):
        old = results(a=(100, 300), b=(100, 300), c=(100, 300), gone=(1, 1))
        new = results(a=(110, 300), b=(101.5, 300), c=(80, 300))
        self.assertEqual(self.words(new, old), {"a": "WORSE", "b": "", "c": "better"})

    def test_the_peers_say_what_the_machine_did(self):
        self.assertAlmostEqual(against.others_ratio(results(a=(2, 6)), results(a=(1, 3)), "a", "ns_cpu"), 2)

    def test_the_number_of_worse_figures_is_returned(self):
        with contextlib.redirect_stdout(io.StringIO()) as text:
            self.assertEqual(against.print_comparison(results(a=(2, 3)), results(a=(1, 3))), 1)
        self.assertIn("worse beyond the spread: 1", text.getvalue())


class Targets(unittest.TestCase):
    def judged(self, target, **rows):
        return target.judge(results(**rows)["results"])["reached"]

    def test_a_number(self):
        target = targets.Target("", "a", "ns_cpu", 4)
        self.assertEqual([self.judged(target, a=(ours, 1)) for ours in (3, 4, 5)], [True, True, False])

    def test_a_share_of_another(self):
        target = targets.against("", "a", "ns_cpu", "Go", 0.5)
        self.assertEqual([self.judged(target, a=(ours, 10)) for ours in (5, 6)], [True, False])

    def test_below(self):
        target = targets.Target("", "a", "ns_cpu", of=("Go",), below=True)
        self.assertEqual([self.judged(target, a=(ours, 10)) for ours in (9, 10)], [True, False])

    def test_the_faster_of_two_rows_counts(self):
        target = targets.Target("", "a", "ns_cpu", of=("Go",), of_rows=("a", "b"))
        self.assertFalse(self.judged(target, a=(6, 10), b=(1, 5)))

    def test_the_worst_round_must_have_what_is_needed(self):
        kept = results(a=(1, 1))["results"]
        kept["a"]["systems"]["tendril"]["guarded"] = {"median": 1, "min": 0.99, "quartiles": [1, 1]}
        self.assertFalse(targets.Target("", "a", "guarded", at_least=1).judge(kept)["reached"])

    def test_what_was_not_measured_is_neither(self):
        self.assertIsNone(self.judged(targets.Target("", "b", "ns_cpu", 4), a=(1, 1)))
        self.assertIsNone(self.judged(targets.against("", "a", "ns_cpu", "libuv", 1), a=(1, 1)))


class Chart(unittest.TestCase):
    def test_it_has_a_mark_for_each_figure(self):
        drawn = chart.draw(results(yield_2=(1, 4), http=(10, 5), unknown=(1, 1)))
        tree = xml.etree.ElementTree.fromstring(drawn)
        titles = [each.text for each in tree.iter("{http://www.w3.org/2000/svg}title")]
        self.assertEqual(titles[1:], ["Go: 4.00x", "Go: 0.50x"])


if __name__ == "__main__":
    unittest.main()
