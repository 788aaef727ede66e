# SPDX-License-Identifier: MIT
"""Lets `import gevent`, `import eventlet` and `import greenlet` mean tendril's modules of that shape."""

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import sys

_MODULES = {
    "gevent": ("gevent", "greenlet"),
    "eventlet": ("eventlet", "greenlet"),
    "greenlet": ("greenlet",),
}


class _Loader(importlib.abc.Loader):
    def __init__(self, target):
        self.target = target
        self.spec = None

    def create_module(self, spec):
        module = importlib.import_module(self.target)
        self.spec = module.__spec__
        return module

    def exec_module(self, module):
        module.__spec__ = self.spec  # it stays the module of its own name, too


class _Finder(importlib.abc.MetaPathFinder):
    """Answers for the names and all below them: with tendril's module, or an error that names it."""

    def __init__(self):
        self.names = set()

    def find_spec(self, fullname, path=None, target=None):
        if fullname.partition(".")[0] not in self.names:
            return None
        wanted = "tendril." + fullname
        found = importlib.util.find_spec(wanted)
        if found is None:
            raise ModuleNotFoundError(f"{wanted}: tendril has no module in the place of {fullname}", name=fullname)
        spec = importlib.machinery.ModuleSpec(fullname, _Loader(wanted), origin=found.origin)
        spec.submodule_search_locations = found.submodule_search_locations
        return spec


_finder = _Finder()


def install(*names):
    """From now on the names, of gevent, eventlet and greenlet, are tendril's modules, with all below them.

    Raises ValueError for another name, and RuntimeError if the real one was imported already.
    """
    for name in names:
        if name not in _MODULES:
            raise ValueError(f"tendril has no module in the place of {name}")
        for each in _MODULES[name]:
            loaded = sys.modules.get(each)
            if loaded is not None and loaded.__name__ != "tendril." + each:
                raise RuntimeError(f"{each} itself was imported already, from {loaded.__file__}")
            _finder.names.add(each)
    if _finder not in sys.meta_path:
        sys.meta_path.insert(0, _finder)
