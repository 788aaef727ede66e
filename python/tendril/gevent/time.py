# SPDX-License-Identifier: MIT
"""gevent.time: the standard library's; sleep() lets other green threads run."""

import time as _time

from tendril.gevent.hub import sleep  # noqa: F401

__implements__ = ["sleep"]
__all__ = [name for name in dir(_time) if not name.startswith("_")]
for _name in __all__:
    if _name != "sleep":
        globals()[_name] = getattr(_time, _name)
