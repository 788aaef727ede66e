#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# exports.py on small headers, and on a small shared library that cmake/exports.cmake has made the version script of.

import subprocess
import tempfile
import unittest
from pathlib import Path

import exports

HEADER = """
#pragma once
#define NOT_ME class Macro {
#include <string>
namespace tendril {
namespace { void hidden(); }
class Forward;
enum class Kind { a, b };
using Alias = std::string;
class CAPABILITY("x") Locked final : public std::string {
    struct Inner { int operator()(); };
    friend bool operator<(const Locked&, const Locked&);
    friend void elsewhere();
public:
    int member() { return '}' + 1; }  // a brace } in a comment
};
struct alignas(64) Wide { int x = {}; } ;
template <class T, class = std::enable_if_t<(sizeof(T) > 1)>> class Box { T held; };
template <> struct Box<int> {};
template <class T> requires requires(T t) { t.f(); } void generic(T t) { t.f(); }
std::function<void(int)> plain(int a = sizeof(int), std::string b = {}) noexcept(true);
[[nodiscard]] inline int with_body() { return 1; }
inline int Locked::out_of_line() { return 2; }
inline constexpr int number = 3;
extern Wide wide;
inline constexpr int pair[] = {1, 2};
namespace detail::deep { void down(); bool operator==(Forward, Forward); }
#define X(name) inline int name = 0;
X(made)
#undef X
}  // namespace tendril
extern "C" { void tendril_c(); }
template <> struct std::hash<tendril::Wide> { std::size_t operator()(const tendril::Wide&) const; };
namespace other { class Foreign {}; }
"""

NAMES = {
    ("class", "tendril::Locked"), ("function", "tendril::operator"), ("class", "tendril::Wide"),
    ("template", "tendril::Box"), ("function", "tendril::plain"), ("function", "tendril::with_body"),
    ("variable", "tendril::number"), ("variable", "tendril::wide"), ("variable", "tendril::pair"),
    ("function", "tendril::detail::deep::down"), ("function", "tendril::detail::deep::operator"),
    ("variable", "tendril::made"), ("function", "tendril_c"), ("class", "std::hash<tendril::Wide>"),
}

SOURCE = """
namespace tendril {
struct Public { virtual ~Public(); int get(); struct Nested { void in(); }; };
Public::~Public() = default;
int Public::get() { return 1; }
void Public::Nested::in() {}
void open(int) {}
void open(long) {}
void opened_wider() {}
int value = 3;
struct Inside { void needed(); void idle(); };
void Inside::needed() {}
void Inside::idle() {}
}
"""
ABOVE = "namespace tendril { struct Inside { void needed(); }; void use() { Inside().needed(); } }"


class Headers(unittest.TestCase):
    def names(self, text):
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "x.hpp").write_text(text)
            return exports.public_names(Path(folder))

    def test_finds_what_is_declared_in_a_namespace(self):
        self.assertEqual(self.names(HEADER), NAMES)

    def test_says_which_header_it_cannot_read(self):
        with self.assertRaisesRegex(SystemExit, "x.hpp"):
            self.names("namespace tendril { class A {\n")

    def test_a_listing_is_read_as_it_was_written(self):
        self.assertEqual(exports.read_listing(exports.listing(NAMES)), NAMES)

    def test_members_belong_to_their_class(self):
        for text, listed in (("tendril::Locked::member()", True), ("typeinfo name for tendril::Locked::Inner", True),
                             ("tendril::Locker::member()", False), ("non-virtual thunk to tendril::Locked::f()", True),
                             ("tendril::plain(int)", True), ("tendril::plain_too(int)", False), ("tendril_c", True),
                             ("tendril::Box<int>::held", True), ("tendril::operator<(tendril::A, tendril::A)", True),
                             ("std::hash<tendril::Wide>::operator()() const", True), ("std::sort()", False)):
            self.assertEqual(exports.is_listed(text, NAMES), listed, text)


class Libraries(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        for name, text in (("source", SOURCE), ("above", ABOVE)):
            (self.root / f"{name}.cpp").write_text(text)
            self.run_in("c++", "-std=c++20", "-fPIC", "-c", f"{name}.cpp", "-o", f"{name}.o")
            self.run_in("ar", "rc", f"{name}.a", f"{name}.o")
        self.list = {("class", "tendril::Public"), ("function", "tendril::open"), ("variable", "tendril::value")}

    def run_in(self, *command):
        subprocess.run(command, cwd=self.root, check=True)

    def made(self, names, archives):
        """What check_library says of a library whose map was made of these."""
        (self.root / "exports.txt").write_text(exports.listing(names))
        self.run_in("cmake", "-D", "list=exports.txt", "-D", "node=TENDRIL_9.9", "-D", "nm=nm", "-D", f"archives={archives}",
                    "-D", "output=x.map", "-P", str(exports.ROOT / "cmake" / "exports.cmake"))
        self.run_in("c++", "-shared", "-o", "x.so", "-Wl,--version-script=x.map", "source.o")
        return exports.check_library(self.list, self.root / "x.so", self.root / "source.a", [self.root / "above.a"])

    def test_exports_what_is_listed_and_needed_and_no_more(self):
        self.assertEqual(self.made(self.list, "above.a"), [])
        symbols = "\n".join(exports.demangled({name for _, name in exports.nm("-D", "--defined-only", self.root / "x.so")})
                            .values())
        for name in ("tendril::Public::Nested::in()", "vtable for tendril::Public", "tendril::open(long)",
                     "tendril::Inside::needed()"):
            self.assertIn(name, symbols)
        for name in ("opened_wider", "idle"):
            self.assertNotIn(name, symbols)
        self.assertIn("TENDRIL_9.9", symbols)

    def test_finds_what_is_missing(self):
        found = "\n".join(self.made(self.list - {("function", "tendril::open")}, ""))
        self.assertIn("not exported, but listed: tendril::open(int)", found)
        self.assertIn("not exported, but needed by a library above: tendril::Inside::needed()", found)

    def test_finds_what_is_too_much(self):
        found = self.made(self.list | {("class", "tendril::Inside")}, "")
        self.assertEqual([line.split(": ", 1)[1] for line in found],
                         ["exported, but neither listed nor needed above: tendril::Inside::idle()"])


if __name__ == "__main__":
    unittest.main()
