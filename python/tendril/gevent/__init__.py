# SPDX-License-Identifier: MIT
"""tendril.gevent: gevent's names on tendril's green threads.

    from tendril import gevent

or, for a program that nobody touches, `python3 -m tendril run --as gevent program.py`.
"""

import sys as _sys
from collections import namedtuple as _namedtuple

_VersionInfo = _namedtuple("version_info", "major minor micro releaselevel serial")
version_info = _VersionInfo(22, 10, 2, "final", 0)
__version__ = "22.10.2"  # whose names these are

__all__ = ["Greenlet", "GreenletExit", "Timeout", "fork", "get_hub", "getcurrent", "getswitchinterval", "idle", "iwait",
           "joinall", "kill", "killall", "reinit", "setswitchinterval", "signal_handler", "sleep", "spawn",
           "spawn_later", "spawn_raw", "wait", "with_timeout", "config"]

from tendril.gevent._config import config  # noqa: E402
from tendril.gevent.hub import (  # noqa: E402
    GreenletExit, LoopExit, get_hub, getcurrent, idle, iwait, kill, reinit, sleep, wait,
)
from tendril.gevent.greenlet import Greenlet, joinall, killall, spawn_raw  # noqa: E402
from tendril.gevent.timeout import Timeout, with_timeout  # noqa: E402

spawn = Greenlet.spawn
spawn_later = Greenlet.spawn_later
getswitchinterval, setswitchinterval = _sys.getswitchinterval, _sys.setswitchinterval


def fork(*args, **kwargs):
    """os.fork(): the child goes on with the calling green thread alone."""
    from tendril.gevent.os import fork as _fork
    return _fork(*args, **kwargs)


def signal_handler(signalnum, handler, *args, **kwargs):
    """Calls handler(*args, **kwargs) in a green thread of its own at each such signal."""
    from tendril.gevent.signal import handle
    return handle(signalnum, handler, *args, **kwargs)


assert LoopExit
