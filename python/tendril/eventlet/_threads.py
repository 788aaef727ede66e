# SPDX-License-Identifier: MIT
"""threading.current_thread() in green threads, after monkey_patch()."""

import threading

import tendril
from tendril.eventlet import greenthread

_current_thread = threading.current_thread


class _GreenThread:
    """A GreenThread with the face of a threading.Thread."""

    daemon = True

    def __init__(self, green):
        self._g = green
        self._name = "GreenThread-1"

    def __repr__(self):
        return f"<_GreenThread({self.name}, {self._g!r})>"

    @property
    def name(self):
        """Its name, which may be set."""
        return self._name

    @name.setter
    def name(self, value):
        self._name = str(value)

    def getName(self):
        """name."""
        return self._name

    def setName(self, name):
        """Sets name."""
        self.name = name

    get_name, set_name = getName, setName

    @property
    def ident(self):
        """A number of it."""
        return id(self._g)

    native_id = ident

    def is_alive(self):
        """Whether it has not ended."""
        return not self._g.dead

    isAlive = is_alive

    def isDaemon(self):
        """True."""
        return True

    is_daemon = isDaemon

    def join(self, timeout=None):
        """Waits for its end."""
        self._g.join(timeout)


def current_thread():
    """The running Thread; in a GreenThread an object of that shape, in one of spawn_n() the main thread."""
    current = tendril.getcurrent()
    if isinstance(current, greenthread.GreenThread):
        shaped = current.__dict__.get("_thread")
        if shaped is None:
            shaped = current._thread = _GreenThread(current)
        return shaped
    if isinstance(current, greenthread.Plain):
        return threading.main_thread()
    return _current_thread()


def install():
    """Puts it into threading."""
    threading.current_thread = threading.currentThread = current_thread
