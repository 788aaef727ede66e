# SPDX-License-Identifier: MIT
"""The standard library, cooperative: importing from here calls tendril.patch(); then its modules are as they are.

eventlet.green.x is the module x of the standard library, for each x that eventlet has.
"""

import importlib
import importlib.abc
import importlib.util
import sys

from tendril import unpreempted

unpreempted.patch()

_modules = {
    "asynchat": None, "asyncore": None, "BaseHTTPServer": "http.server", "builtin": "builtins",
    "CGIHTTPServer": "http.server", "ftplib": None, "http": None, "httplib": "http.client", "MySQLdb": None,
    "os": None, "profile": None, "Queue": "queue", "selectors": None,
    "SimpleHTTPServer": "http.server", "SocketServer": "socketserver",
    "subprocess": None, "threading": None, "time": None, "urllib": None,
    "urllib2": "urllib.request", "zmq": None,
}


def __getattr__(name):
    if name in _modules or name in ("select", "socket", "ssl", "thread"):
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"tendril.eventlet.green has no {name}")


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds eventlet.green.x for each x of the list, and what lies in it, such as http.client."""

    def find_spec(self, name, path=None, target=None):
        prefix = __name__ + "."
        if not name.startswith(prefix):
            return None
        first, _, rest = name[len(prefix):].partition(".")
        if first not in _modules:
            return None
        real = (_modules[first] or first) + ("." + rest if rest else "")
        return importlib.util.spec_from_loader(name, self, origin=real, is_package=first in ("http", "urllib"))

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        real = importlib.import_module(module.__spec__.origin)
        own = dict(vars(module))
        vars(module).update(vars(real))
        for name in ("__spec__", "__loader__", "__package__", "__name__", "__path__"):
            if name in own:
                setattr(module, name, own[name])


if not any(isinstance(each, _Finder) for each in sys.meta_path):
    sys.meta_path.append(_Finder())
