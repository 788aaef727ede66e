# SPDX-License-Identifier: MIT
"""Event: one result, or exception, for any number of green threads that wait for it."""

import tendril
from tendril.eventlet.greenthread import _exception_from

__all__ = ["Event"]


class _NotUsed:
    def __repr__(self):
        return "NOT_USED"


NOT_USED = _NotUsed()


class _Cell:
    """What one send() sends. Those that wait keep it, so that a reset() before they run takes nothing from them."""

    __slots__ = "result", "exc", "sent"

    def __init__(self):
        self.result = NOT_USED
        self.exc = None
        self.sent = tendril.Event()


class Event:
    """Is sent once; wait() returns what was sent."""

    def __init__(self):
        self._cell = _Cell()
        self._waiting = 0

    def __str__(self):
        return (f"<{type(self).__name__} at {id(self):#x} result={self._cell.result!r} _exc={self._cell.exc!r} "
                f"_waiters[{self._waiting}]>")

    def reset(self):
        """Makes it as new. AssertionError unless it was sent."""
        assert self.ready(), "reset() of an event that was not sent"
        self._cell = _Cell()

    def ready(self):
        """Whether wait() would return at once."""
        return self._cell.result is not NOT_USED

    def has_exception(self):
        """Whether an exception was sent."""
        return self._cell.exc is not None

    def has_result(self):
        """Whether a result was sent."""
        return self.ready() and self._cell.exc is None

    def poll(self, notready=None):
        """wait() if it was sent, else notready."""
        return self.wait() if self.ready() else notready

    def poll_exception(self, notready=None):
        """wait() if an exception was sent, else notready."""
        return self.wait() if self.has_exception() else notready

    def poll_result(self, notready=None):
        """wait() if a result was sent, else notready."""
        return self.wait() if self.has_result() else notready

    def wait(self, timeout=None):
        """Waits until it is sent. Returns the result or raises the exception; None if the timeout comes first."""
        cell = self._cell
        if cell.result is NOT_USED:
            self._waiting += 1
            try:
                if not cell.sent.wait(timeout):
                    return None
            finally:
                self._waiting -= 1
        if cell.exc is not None:
            raise _exception_from(cell.exc)
        return cell.result

    def send(self, result=None, exc=None):
        """Wakes all that wait, with the result, or the exception: an instance, or what throw() takes. Never waits.

        AssertionError if it was sent before.
        """
        cell = self._cell
        assert cell.result is NOT_USED, "a second send() of one event; make another one for that"
        cell.result = result
        if exc is not None:
            cell.exc = exc if isinstance(exc, tuple) else (exc,)
        cell.sent.set()

    def send_exception(self, *args):
        """send() of an exception, as for throw()."""
        return self.send(None, args)
