# SPDX-License-Identifier: MIT
"""The package as such: what it takes to import and to leave it."""

import unittest

from support import run_program


class Import(unittest.TestCase):
    def test_import_alone_starts_nothing_and_ends_clean(self):
        self.assertEqual(run_program("import tendril\nprint(tendril.getcurrent() is tendril.getcurrent())"),
                         (0, "True\n", ""))

    def test_star_import_takes_the_public_names_only(self):
        status, stdout, stderr = run_program("from tendril import *\nspawn(print, 'hello').join()\nprint('_os' in dir())")
        self.assertEqual((status, stdout, stderr), (0, "hello\nFalse\n", ""))
