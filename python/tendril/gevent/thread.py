# SPDX-License-Identifier: MIT
"""gevent.thread: the standard library's _thread, whose threads are green after tendril.patch()."""

import _thread

from tendril.gevent import _stdlib

__implements__ = ["allocate_lock", "get_ident", "exit", "LockType", "stack_size", "start_new_thread", "_local"]
__all__ = _stdlib.take(_thread, globals())
