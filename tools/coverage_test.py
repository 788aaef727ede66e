#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# coverage.py on reports as gcov writes them.

import tempfile
import unittest
from pathlib import Path

import coverage


class Coverage(unittest.TestCase):
    def test_lines_count_once_and_to_their_floor(self):
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder).resolve()
            for name, text in {
                "include/tendril/a.hpp": "// SPDX-License-Identifier: MIT\n// Floor: hub\n",
                "include/tendril/detail/net/b.hpp": "",
                "src/hub/inner/c.cpp": "",
                "src/hub/c_test.cpp": "",
            }.items():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(text)

            def report(file, **lines):
                return {"current_working_directory": str(root / "src"), "files": [
                    {"file": file, "lines": [{"line_number": int(n[1:]), "count": c} for n, c in lines.items()]}]}

            counts = {}
            for each in (
                report("../include/tendril/a.hpp", _1=0, _2=3),
                report("../include/tendril/a.hpp", _1=1, _2=0, _3=0),
                report(str(root / "include/tendril/detail/net/b.hpp"), _9=0),
                report("hub/inner/c.cpp", _5=7),
                report("hub/c_test.cpp", _1=1),
                report("/usr/include/stdio.h", _1=1),
            ):
                coverage.add(counts, each, root)
            self.assertEqual(list(coverage.table(counts, root)), [("hub", 3, 4), ("net", 0, 1), ("all", 3, 5)])


if __name__ == "__main__":
    unittest.main()
