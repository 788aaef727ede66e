#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# check_libc.py on a tree and listings of its own.

import tempfile
import unittest
from pathlib import Path

import check_libc

LISTING = """\
build/libtendril.a:libc.cpp.o:                 U recv
build/libtendril.a:sys.cpp.o:                 U __errno_location
build/libtendril.a:sys.cpp.o:                 U recv
build/libtendril.a:sys.cpp.o:                 U recvmmsg_of_ours
build/libtendril.a:mutex.cpp.o:                 w pthread_mutex_lock
build/libtendril.a:file.cpp.o:                 U _ZN7tendril3sys4readEiPvm
"""


class Names(unittest.TestCase):
    def test_are_those_of_the_tables_and_hooks(self):
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            (root / "src/base").mkdir(parents=True)
            (root / "src/patch").mkdir()
            (root / "src/base/libc.hpp").write_text("// each(name)\n#define X(each) \\\n    each(read) each(recv)\n")
            (root / "src/patch/hooks_io.cpp").write_text('{"poll", f},\n Hook("__read_chk", Class::io, &f)')
            (root / "src/patch/hooks_io_test.cpp").write_text('text("free", 1)\nHook("kill", Class::io, &f)')
            self.assertEqual(check_libc.hooked_names(root), {"read", "recv", "poll", "__read_chk"})

    def test_of_this_tree(self):
        self.assertLess({"recv", "epoll_wait", "pthread_create"}, check_libc.hooked_names(check_libc.ROOT))


class Offenders(unittest.TestCase):
    def test_are_named_with_their_objects(self):
        found = check_libc.offenders(LISTING, {"recv", "pthread_mutex_lock", "read"})
        self.assertEqual(found, [("sys.cpp.o", "recv"), ("mutex.cpp.o", "pthread_mutex_lock")])


if __name__ == "__main__":
    unittest.main()
