# SPDX-License-Identifier: MIT
"""gevent.signal: the standard library's signal and getsignal; handle() is gevent.signal_handler."""

import signal as _signal
import sys

from tendril.gevent.greenlet import spawn_raw
from tendril.gevent.hub import get_hub

__all__ = ["getsignal", "signal"]
__implements__ = __all__

getsignal = _signal.getsignal
signal = _signal.signal


class handle:
    """Calls handler(*args, **kwargs) in a green thread of its own at each such signal, until cancel().

    What it raises is raised in the main green thread.
    """

    def __init__(self, signalnum, handler, *args, **kwargs):
        if not callable(handler):
            raise TypeError("signal handler must be callable.")
        self.args, self.kwargs, self.handler = args, kwargs, handler
        self.watcher = get_hub().loop.signal(signalnum)
        self.watcher.start(self._start)

    ref = False

    def cancel(self):
        """No call comes after this."""
        self.watcher.stop()

    def _start(self):
        spawn_raw(self._handle)

    def _handle(self):
        try:
            self.handler(*self.args, **self.kwargs)
        except BaseException:
            get_hub().handle_error(None, *sys.exc_info())
