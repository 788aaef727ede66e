# SPDX-License-Identifier: MIT
"""The type stubs have what the modules have: names, members, parameters; and mypy understands them, where there is one."""

import ast
import glob
import importlib
import importlib.util
import inspect
import os
import sys
import tempfile
import unittest

import tendril
from support import ROOT, environment, package_folder, run_command

PACKAGE = os.path.join(ROOT, "python", "tendril")
OBJECT = set(dir(type("Plain", (), {}))) | {"__slots__", "__match_args__", "__annotations__", "__orig_bases__"}
PROGRAM = """\
import tendril

def text(number: int) -> str:
    return str(number)

got: str = tendril.spawn(text, 1).get()
numbers: tendril.Queue[int] = tendril.Queue(3)
numbers.put(len(got))
texts: list[str] = tendril.Pool(3).map(text, [1, 2])
with tendril.Timeout(1.5, False), tendril.Semaphore(2):
    tendril.sleep(0.5)
tendril.spawn(text, "not a number")
"""


def stubs():
    """Pairs of a stub's path and its module's name."""
    for path in sorted(glob.glob(os.path.join(PACKAGE, "**", "*.pyi"), recursive=True)):
        name = os.path.relpath(path, os.path.dirname(PACKAGE))[:-len(".pyi")].replace(os.sep, ".")
        yield path, name.removesuffix(".__init__")


def declared(body):
    """Name and definition of all that a stub's module or class has."""
    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            yield node.name, node
        elif isinstance(node, ast.AnnAssign):
            yield node.target.id, node
        elif isinstance(node, ast.Assign):
            yield node.targets[0].id, node
        elif isinstance(node, ast.ImportFrom):
            yield from ((alias.asname, node) for alias in node.names if alias.asname)


def public(names):
    return {name for name in names if not name.startswith("_")}


def members(kind):
    """The public members of a class that are its own, and its operators."""
    own = {name for name in vars(kind) if name not in OBJECT and not (name.startswith("_") and name[1] != "_")}
    return own - {"__class_getitem__", "__repr__", "__str__", "__weakref__", "__del__"}


def parameters(node):
    arguments = node.args
    return [each.arg for each in arguments.posonlyargs + arguments.args + arguments.kwonlyargs if each.arg != "self"]


class Stubs(unittest.TestCase):
    def compare_parameters(self, where, node, function):
        try:
            names = [each.name for each in inspect.signature(function).parameters.values()
                     if each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD) and each.name not in ("self", "cls")]
        except (TypeError, ValueError):
            return  # C++, without a signature
        self.assertEqual([name for name in parameters(node) if name != "cls"], names, where)

    def compare_class(self, where, node, kind):
        stub = dict(declared(node.body))
        there = members(kind)
        inherited = {name for base in kind.__mro__[1:] for name in vars(base)}
        with self.subTest(where):
            self.assertEqual(there - set(stub) - inherited - {"__init__"}, set(), "the stub lacks these")
            fields = {name for name, each in stub.items() if isinstance(each, ast.AnnAssign)}
            self.assertEqual(set(stub) - there - inherited - fields - {"__init__"}, set(), "only the stub has these")
            for name, each in stub.items():
                if isinstance(each, ast.FunctionDef) and inspect.isfunction(vars(kind).get(name)):
                    self.compare_parameters(f"{where}.{name}", each, vars(kind)[name])

    def test_have_what_the_modules_have(self):
        for path, name in stubs():
            with open(path, encoding="utf-8") as file:
                stub = dict(declared(ast.parse(file.read()).body))
            module = importlib.import_module(name)
            own = {each for each in public(vars(module)) if not inspect.ismodule(vars(module)[each])}
            if name == "tendril._tendril":  # of which users see what the package takes from it
                own &= public(vars(tendril))
            elif name != "tendril":
                own = {each for each in own if getattr(vars(module)[each], "__module__", None) == name}
            with self.subTest(name):
                self.assertEqual(own - set(stub), set(), "the stub lacks these")
                self.assertEqual(public(stub) - public(vars(module)), set(), "only the stub has these")
            for each, node in stub.items():
                if isinstance(node, ast.ClassDef) and not each.startswith("_"):
                    self.compare_class(f"{name}.{each}", node, getattr(module, each))
                elif isinstance(node, ast.FunctionDef) and inspect.isfunction(getattr(module, each, None)):
                    self.compare_parameters(f"{name}.{each}", node, getattr(module, each))

    @unittest.skipUnless(importlib.util.find_spec("mypy"), "no mypy (Debian: python3-mypy)")
    def test_mypy_finds_the_one_mistake(self):
        with tempfile.TemporaryDirectory(prefix="tendril-stubs-") as folder:
            path = os.path.join(folder, "program.py")
            with open(path, "w", encoding="utf-8") as file:
                file.write(PROGRAM)
            status, stdout, stderr = run_command(
                [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--cache-dir", folder, path],
                timeout=100, env=environment(MYPYPATH=package_folder()), cwd=folder)
        self.assertEqual((status, stderr), (1, ""), stdout)
        error, = stdout.splitlines()
        self.assertRegex(error, r'program\.py:12: error: Argument 2 to "spawn" has incompatible type "str"')


if __name__ == "__main__":
    unittest.main()
