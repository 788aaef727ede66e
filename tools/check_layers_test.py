#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# check_layers.py on small trees: each rule once kept and once broken.

import tempfile
import unittest
from pathlib import Path

import check_layers

LAYERS = """
order base < hub < net < http | amqp < debug
header error.hpp base
header hub.hpp hub
header socket.hpp net
header detail/site.hpp base
"""
PUBLIC = ("error.hpp", "hub.hpp", "socket.hpp", "detail/site.hpp")


class CheckLayers(unittest.TestCase):
    def check(self, files, layers=LAYERS):
        with tempfile.TemporaryDirectory() as folder:
            tree = {f"include/tendril/{name}": "" for name in PUBLIC} | {"layers.txt": layers} | files
            for name, text in tree.items():
                path = Path(folder, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            checker = check_layers.Checker(folder)
            checker.run()
            return checker

    def accepts(self, files):
        self.assertEqual(self.check(files).errors, [])

    def refuses(self, files, text, **kwargs):
        errors = self.check(files, **kwargs).errors
        self.assertEqual(len(errors), 1, errors)
        self.assertIn(text, errors[0][2])

    def test_own_and_lower_floors(self):
        self.accepts({"src/net/socket.cpp": '#include "hub/x.hpp"\n#include "net/y.hpp"\n#include <tendril/error.hpp>\n'})

    def test_higher_private(self):
        self.refuses({"src/hub/hub.cpp": '#include "net/socket_impl.hpp"'}, "floor hub must not include")
        self.refuses({"src/hub/hub.cpp": "#include <net/socket_impl.hpp>"}, "floor hub must not include")

    def test_higher_public(self):
        self.refuses({"src/hub/hub.cpp": "#include <tendril/socket.hpp>"}, "of floor net")
        self.refuses({"include/tendril/hub.hpp": "#include <tendril/socket.hpp>"}, "of floor net")

    def test_tests_obey_too(self):
        self.refuses({"src/hub/hub_test.cpp": "#include <tendril/socket.hpp>"}, "of floor net")

    def test_siblings(self):
        self.refuses({"src/http/a.cpp": '#include "amqp/b.hpp"'}, "floor http must not include")
        self.accepts({"src/debug/a.cpp": '#include "amqp/b.hpp"\n#include "http/b.hpp"'})

    def test_unknown(self):
        self.refuses({"include/tendril/new.hpp": ""}, "does not say to which floor")
        self.refuses({"src/attic/a.cpp": ""}, "is not a floor")
        self.refuses({}, "does not exist", layers=LAYERS + "header gone.hpp hub\n")
        self.refuses({}, "not understood", layers=LAYERS + "header x.hpp attic\n")
        self.refuses({}, "listed already", layers=LAYERS + "header hub.hpp hub\n")

    def test_private_in_public(self):
        self.refuses({"include/tendril/hub.hpp": '#include "hub/impl.hpp"'}, "a public header includes")
        self.refuses({"include/tendril/hub.hpp": "#include <hub/impl.hpp>"}, "a public header includes")

    def test_private_without_floor(self):
        self.refuses({"src/hub/a.cpp": '#include "impl.hpp"'}, "does not start with a floor")

    def test_support_only_for_tests(self):
        support = {"tests/support/fixture.hpp": ""}
        self.accepts(support | {"src/hub/a_test.cpp": '#include "fixture.hpp"'})
        self.refuses(support | {"src/hub/a.cpp": '#include "fixture.hpp"'}, "does not start with a floor")

    def test_outsiders(self):
        for folder in ("examples", "bench", "tests/integration"):
            self.accepts({f"{folder}/a.cpp": '#include <tendril/hub.hpp>\n#include "own.hpp"'})
            self.refuses({f"{folder}/a.cpp": "#include <tendril/detail/site.hpp>"}, "is not public")
            self.refuses({f"{folder}/a.cpp": '#include "hub/impl.hpp"'}, "is private")
            self.refuses({f"{folder}/a.cpp": '#include "../../src/hub/impl.hpp"'}, "is private")
        self.accepts({"tests/conformance/a_test.cpp": '#include "hub/impl.hpp"'})

    def test_system_calls(self):
        self.refuses({"src/net/a.cpp": "int n = ::recv(fd, p, 1, 0);"}, "::recv() outside of base")
        self.refuses({"src/hub/a.cpp": "return ::epoll_wait(a, b, c, d);"}, "::epoll_wait() outside of base")
        self.refuses({"src/hub/a.hpp": "(void)!::write (1, p, 1);"}, "::write() outside of base")
        self.accepts({"src/net/a.cpp": 'sys::recv(fd); // ::recv(\nlog("::recv()"); /* ::close(\n */ Socket::close();'})
        self.accepts({"src/base/sys.cpp": "::recv(fd);", "src/net/a_test.cpp": "::recv(fd);"})

    def test_system_call_line(self):
        checker = self.check({"src/net/a.cpp": "/* 1\n 2 */\n::close(3);"})
        self.assertEqual(checker.errors[0][:2], ("src/net/a.cpp", 3))

    def test_budgets(self):
        self.assertEqual(len(self.check({"src/hub/a.cpp": "\n" * 401}).warnings), 1)
        self.assertEqual(len(self.check({"src/hub/a.cpp": "\n" * 400}).warnings), 0)
        self.assertEqual(len(self.check({"include/tendril/hub.hpp": "\n" * 251}).warnings), 1)
        self.refuses({"tests/crash/a_test.cpp": "\n" * 801}, "801 lines")


if __name__ == "__main__":
    unittest.main()
