# SPDX-License-Identifier: MIT
"""gevent.subprocess: the standard library's, which cooperates after tendril.patch(); Popen has rawlink() too."""

import subprocess as _subprocess

import tendril
from tendril.gevent import _stdlib
from tendril.gevent.event import Event

_original = getattr(_subprocess, "_tendril_popen_class", None) or _subprocess.Popen
_subprocess._tendril_popen_class = _original


class Popen(_original):
    """A child process, whose waits let other green threads run."""

    _ended = None

    def wait(self, timeout=None, _raise_exc=True):
        """Waits for its end. Returns its status; TimeoutExpired if that takes longer."""
        try:
            return super().wait(timeout)
        except TimeoutExpired:  # noqa: F821
            if _raise_exc:
                raise
            return None

    def ready(self):
        return self.poll() is not None

    @property
    def result(self):
        return self

    def rawlink(self, callback):
        """callback(self) at its end."""
        if self._ended is None:
            self._ended = Event()
            tendril.spawn(self._watch)
        self._ended.rawlink(_Linked(callback, self))

    link = rawlink

    def unlink(self, callback):
        if self._ended is not None:
            self._ended.unlink(_Linked(callback, self))

    def _watch(self):
        _original.wait(self)
        self._ended.set()


class _Linked:

    def __init__(self, callback, process):
        self.callback, self.process = callback, process

    def __call__(self, source):
        self.callback(self.process)

    def __eq__(self, other):
        return isinstance(other, _Linked) and self.callback == other.callback

    __hash__ = None


from tendril.gevent.fileobject import FileObject  # noqa: E402, F401

__all__ = _stdlib.take(_subprocess, globals())
__implements__ = ["Popen"]
