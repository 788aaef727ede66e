# SPDX-License-Identifier: MIT
"""gevent.threading: the standard library's, whose threads are green after tendril.patch()."""

import threading as _threading

from tendril.gevent import _stdlib
from tendril.gevent.local import local  # noqa: F401

__implements__ = ["local", "_start_new_thread", "_allocate_lock", "_get_ident", "_sleep", "_DummyThread"]
__all__ = _stdlib.take(_threading, globals())
