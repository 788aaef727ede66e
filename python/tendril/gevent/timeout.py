# SPDX-License-Identifier: MIT
"""gevent.timeout: Timeout, which is not armed before start() or `with`."""

import tendril
from tendril import _tendril

__all__ = ["Timeout", "with_timeout"]


class Timeout(_tendril._GeventTimeout, tendril.Timeout):
    """Raised in the green thread that started it, where that waits, after `seconds`; None: never.

    `exception`: what is raised instead; False: itself, and `with` swallows it. `ref` of False: LoopExit does not
    wait for it. `priority` has no meaning.
    """

    @classmethod
    def start_new(cls, timeout=None, exception=None, ref=True, _one_shot=False):
        """Makes and starts one; one that is given is started unless it counts already."""
        if isinstance(timeout, Timeout):
            if not timeout.pending:
                timeout.start()
            return timeout
        made = cls(timeout, exception, ref=ref, _one_shot=_one_shot)
        made.start()
        return made

    @classmethod
    def _start_new_or_dummy(cls, timeout, exception=None, ref=True):
        return _NEVER if timeout is None else cls.start_new(timeout, exception, ref)

    @property
    def timer(self):
        return self

    @property
    def active(self):
        return self.pending

    def _on_expiration(self, prev_greenlet, ex):
        """For subclasses' sake: the alarm raises the exception itself."""

    def __repr__(self):
        text = f"<{type(self).__name__} at {id(self):#x}"
        if self.pending:
            text += " pending"
        if self.seconds is not None:
            text += f" seconds={self.seconds}"
        if self.exception is not None:
            text += f" exception={self.exception!r}"
        return text + ">"


class _Never:
    pending = False
    seconds = None

    def start(self):
        pass

    def cancel(self):
        pass

    close = cancel

    def __enter__(self):
        return self

    def __exit__(self, kind, value, traceback):
        return None


_NEVER = _Never()


def with_timeout(seconds, function, *args, **kwds):
    """function(*args, **kwds) within a Timeout; returns `timeout_value`, if that is given, instead of raising it."""
    has_value = "timeout_value" in kwds
    instead = kwds.pop("timeout_value", None)
    limit = Timeout.start_new(seconds, _one_shot=True)
    try:
        try:
            return function(*args, **kwds)
        except Timeout as raised:
            if raised is limit and has_value:
                return instead
            raise
    finally:
        limit.cancel()
