# SPDX-License-Identifier: MIT
"""gevent.event: Event and AsyncResult."""

import tendril
from tendril.gevent.hub import get_hub
from tendril.gevent.timeout import Timeout

__all__ = ["Event", "AsyncResult"]


class Event(tendril.Event):
    """A flag that green threads wait for. It stays set until clear()."""

    isSet = tendril.Event.is_set

    @property
    def hub(self):
        return get_hub()

    def linkcount(self):
        return 0

    def _reset_internal_locks(self):  # of threading's Event, after a fork
        pass

    def __repr__(self):
        return f"<{type(self).__name__} {'set' if self.is_set() else 'unset'}>"


class AsyncResult(tendril.AsyncResult):
    """A value or an exception that green threads wait for. Called with a Greenlet, takes what came of it."""

    def get(self, block=True, timeout=None):
        """Waits for it. Returns the value or raises the exception; Timeout if that takes longer."""
        if self.ready() or (block and timeout is None):
            return tendril.AsyncResult.get(self)  # super().get() is a method bound before its call: see 0024
        if not block:
            raise Timeout()
        with Timeout.start_new(timeout):
            return tendril.AsyncResult.get(self)

    def get_nowait(self):
        """get() that does not wait: Timeout if it is not ready."""
        return self.get(block=False)

    def wait(self, timeout=None):
        """Waits for it. Returns the value; None if there is none, or an exception."""
        if isinstance(timeout, tendril.Timeout):
            with timeout:
                return tendril.AsyncResult.wait(self)
        return tendril.AsyncResult.wait(self, timeout)

    def set_exception(self, exception, exc_info=None):
        """Gives it what get() is to raise, and wakes all that wait."""
        if exc_info and isinstance(exc_info, tuple) and len(exc_info) == 3 and exc_info[2] is not None:
            exception = exception.with_traceback(exc_info[2]) if isinstance(exception, BaseException) else exception
        super().set_exception(exception)

    @property
    def hub(self):
        return get_hub()

    def __str__(self):
        text = f"<{type(self).__name__} "
        if self.successful():
            return text + f"value={self.value!r}>"
        if self.exception is not None:
            return text + f"exception={self.exception!r}>"
        return text + "unset>"

    def cancel(self):
        return False

    def cancelled(self):
        return False

    @property
    def exc_info(self):
        error = self.exception
        return (type(error), error, error.__traceback__) if error is not None else ()
