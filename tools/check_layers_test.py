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
families http message < server | client < websocket
face hub here.hpp watchers/state.hpp
"""
PUBLIC = {
    "error.hpp": "base",
    "hub.hpp": "hub",
    "socket.hpp": "net",
}


def header(floor, text=""):
    return f"// SPDX-License-Identifier: MIT\n// Floor: {floor}\n{text}"


class CheckLayers(unittest.TestCase):
    def check(self, files, layers=LAYERS):
        with tempfile.TemporaryDirectory() as folder:
            tree = {f"include/tendril/{name}": header(floor) for name, floor in PUBLIC.items()}
            tree |= {"include/tendril/detail/base/site.hpp": "", "layers.txt": layers} | files
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
        self.accepts({"src/net/socket.cpp": '#include "hub/here.hpp"\n#include "net/y.hpp"\n#include <tendril/error.hpp>\n'})

    def test_higher_private(self):
        self.refuses({"src/hub/hub.cpp": '#include "net/socket_impl.hpp"'}, "floor hub must not include")
        self.refuses({"src/hub/hub.cpp": "#include <net/socket_impl.hpp>"}, "floor hub must not include")

    def test_higher_public(self):
        self.refuses({"src/hub/hub.cpp": "#include <tendril/socket.hpp>"}, "of floor net")
        self.refuses({"include/tendril/hub.hpp": header("hub", "#include <tendril/socket.hpp>")}, "of floor net")

    def test_tests_obey_too(self):
        self.refuses({"src/hub/hub_test.cpp": "#include <tendril/socket.hpp>"}, "of floor net")

    def test_siblings(self):
        self.refuses({"src/http/a.cpp": '#include "amqp/b.hpp"'}, "floor http must not include")
        self.accepts({"src/debug/a.cpp": '#include "amqp/b.hpp"\n#include "http/b.hpp"'})

    def test_unknown(self):
        self.refuses({"include/tendril/new.hpp": "// Floor: hub"}, "the second line of a public header")
        self.refuses({"include/tendril/new.hpp": header("attic")}, "the second line of a public header")
        self.refuses({"include/tendril/detail/new.hpp": header("hub")}, "lies in the folder of its floor")
        self.refuses({"include/tendril/detail/attic/new.hpp": ""}, "lies in the folder of its floor")
        self.refuses({"src/attic/a.cpp": ""}, "is not a floor")
        self.refuses({"src/hub/a.cpp": "#include <tendril/gone.hpp>"}, "does not exist")
        self.refuses({}, "not understood", layers=LAYERS + "header x.hpp hub\n")
        self.refuses({}, "not understood", layers=LAYERS + "face attic x.hpp\n")

    def test_face(self):
        self.accepts({"src/net/a.cpp": '#include "hub/watchers/state.hpp"'})
        self.refuses({"src/net/a.cpp": '#include "hub/hub_core.hpp"'}, "is not in the face of floor hub")
        self.accepts({"src/hub/a.cpp": '#include "hub/hub_core.hpp"'})
        self.accepts({"src/net/a_test.cpp": '#include "hub/hub_core.hpp"'})

    def test_families(self):
        self.accepts({"src/http/server/a.cpp": '#include "http/message/b.hpp"\n#include "http/server/c.hpp"'})
        self.refuses({"src/http/message/a.cpp": '#include "http/server/b.hpp"'}, "http/message must not include")
        self.refuses({"src/http/client/a.cpp": '#include "http/server/b.hpp"'}, "http/client must not include")
        self.refuses({"src/http/a.cpp": '#include "http/message/b.hpp"'}, "http/a.cpp must not include")
        self.accepts({"src/http/message/a.cpp": '#include "http/b.hpp"'})
        self.accepts({"src/http/message/a_test.cpp": '#include "http/server/b.hpp"'})

    def test_private_in_public(self):
        self.refuses({"include/tendril/hub.hpp": header("hub", '#include "hub/impl.hpp"')}, "a public header includes")
        self.refuses({"include/tendril/hub.hpp": header("hub", "#include <hub/impl.hpp>")}, "a public header includes")

    def test_private_without_floor(self):
        self.refuses({"src/hub/a.cpp": '#include "impl.hpp"'}, "does not start with a floor")

    def test_support_only_for_tests(self):
        support = {"tests/support/fixture.hpp": ""}
        self.accepts(support | {"src/hub/a_test.cpp": '#include "fixture.hpp"'})
        self.refuses(support | {"src/hub/a.cpp": '#include "fixture.hpp"'}, "does not start with a floor")

    def test_outsiders(self):
        for folder in ("examples", "bench", "tests/integration"):
            self.accepts({f"{folder}/a.cpp": '#include <tendril/hub.hpp>\n#include "own.hpp"'})
            self.refuses({f"{folder}/a.cpp": "#include <tendril/detail/base/site.hpp>"}, "is not public")
            self.refuses({f"{folder}/a.cpp": '#include "hub/impl.hpp"'}, "is private")
            self.refuses({f"{folder}/a.cpp": '#include "../../src/hub/impl.hpp"'}, "is private")
        self.accepts({"tests/conformance/a_test.cpp": '#include "hub/impl.hpp"'})

    def test_system_calls(self):
        self.refuses({"src/net/a.cpp": "int n = ::recv(fd, p, 1, 0);"}, "::recv() outside of base")
        self.refuses({"src/hub/a.cpp": "return ::epoll_wait(a, b, c, d);"}, "::epoll_wait() outside of base")
        self.refuses({"src/hub/a.hpp": "(void)!::write (1, p, 1);"}, "::write() outside of base")
        self.accepts({"src/net/a.cpp": 'sys::recv(fd); // ::recv(\nlog("::recv()"); /* ::close(\n */ Socket::close();'})
        self.refuses({"src/hub/a.cpp": "::sigaction(2, &a, &b);"}, "::sigaction() outside of base")
        self.refuses({"src/hub/a.cpp": "if (::gettid() == 1)"}, "::gettid() outside of base")
        self.refuses({"src/net/a.cpp": "::strncasecmp(a, b, n)"}, "::strncasecmp() outside of base")
        self.accepts({"src/base/sys.cpp": "::recv(fd);", "src/net/a_test.cpp": "::recv(fd);"})
        self.accepts({"src/net/a.cpp": "::new (p) T(); ::inflate(s, 0); ::inet_pton(a, b, c); x::close(3); y->::close(3);"})

    def test_system_call_line(self):
        checker = self.check({"src/net/a.cpp": "/* 1\n 2 */\n::close(3);"})
        self.assertEqual(checker.errors[0][:2], ("src/net/a.cpp", 3))

    def test_budgets(self):
        self.assertEqual(len(self.check({"src/hub/a.cpp": "\n" * 401}).warnings), 1)
        self.assertEqual(len(self.check({"src/hub/a.cpp": "\n" * 400}).warnings), 0)
        self.assertEqual(len(self.check({"include/tendril/hub.hpp": header("hub", "\n" * 249)}).warnings), 1)
        self.refuses({"tests/crash/a_test.cpp": "\n" * 801}, "801 lines")


if __name__ == "__main__":
    unittest.main()
