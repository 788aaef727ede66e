# SPDX-License-Identifier: MIT
"""gevent.queue: Queue, JoinableQueue, LifoQueue, PriorityQueue, UnboundQueue, SimpleQueue and Channel."""

import queue as _stdlib
import warnings as _warnings

import tendril

Empty, Full = _stdlib.Empty, _stdlib.Full
ShutDown = tendril.ShutDown

__all__ = ["Queue", "PriorityQueue", "LifoQueue", "SimpleQueue", "JoinableQueue", "Channel", "Empty", "Full"]


class _Stored:
    """What all of them but Channel have of gevent's. A `timeout` may be a Timeout too, which is raised then."""

    next = tendril.Queue.__next__

    def __init__(self, maxsize=None, items=(), unfinished_tasks=None, _warn_depth=2):
        if maxsize is not None and maxsize <= 0:
            if maxsize == 0:
                _warnings.warn("Queue(0) now equivalent to Queue(None); if you want a channel, use Channel",
                               DeprecationWarning, stacklevel=_warn_depth + 1)
            maxsize = None
        items = () if items is None else items
        if unfinished_tasks is not None:
            super().__init__(maxsize, items, unfinished_tasks)
        else:
            super().__init__(maxsize, items)

    @property
    def queue(self):
        """The items; a copy."""
        return self.copy_items()

    def copy_items(self):
        return list(self._items())

    def _format(self):
        parts = []
        if self.maxsize is not None:
            parts.append(f"maxsize={self.maxsize!r}")
        items = list(self._items())
        if items:
            parts.append(f"queue={self._shown(items)!r}")
        if self.getting():
            parts.append(f"getters[{self.getting()}]")
        if self.putting():
            parts.append(f"putters[{self.putting()}]")
        return " ".join(parts)

    def _shown(self, items):
        from collections import deque
        return deque(items)

    def __repr__(self):
        rest = self._format()
        return f"<{type(self).__name__} at {id(self):#x}{' ' + rest if rest else ''}>"

    def __str__(self):
        rest = self._format()
        return f"<{type(self).__name__}{' ' + rest if rest else ''}>"

    def copy(self):
        """A queue with the same items."""
        return type(self)(self.maxsize, self._items())


class Queue(_Stored, tendril.Queue):
    """First in, first out; put() waits when it holds `maxsize` items. None and 0: without limit."""


class UnboundQueue(Queue):
    """A Queue without limit."""

    def __init__(self, maxsize=None, items=()):
        if maxsize is not None:
            raise ValueError("UnboundQueue has no maxsize")
        super().__init__(None, items)


class LifoQueue(_Stored, tendril.LifoQueue):
    """Last in, first out."""

    def _shown(self, items):
        return items


class PriorityQueue(_Stored, tendril.PriorityQueue):
    """The smallest item first."""

    def _shown(self, items):
        return items


class JoinableQueue(_Stored, tendril.JoinableQueue):
    """A Queue that knows when all its items are dealt with."""

    def _format(self):
        rest = super()._format()
        left = self.unfinished_tasks
        return f"{rest} tasks={left}".strip() if left else rest

    def copy(self):
        return type(self)(self.maxsize, self._items(), self.unfinished_tasks)


class SimpleQueue(Queue):
    """As the standard library's: without limit, and put() never waits."""

    def __init__(self):
        super().__init__(None)


class Channel(tendril.Channel):
    """A rendezvous: put() returns when a getter has the item."""

    next = tendril.Channel.__next__

    def __init__(self, maxsize=1):
        if maxsize != 1:
            raise ValueError("Channel has no maxsize")
        super().__init__()

    @property
    def balance(self):
        return self.putting() - self.getting()

    @property
    def getters(self):
        return range(self.getting())

    @property
    def putters(self):
        return range(self.putting())

    def _format(self):
        parts = []
        if self.getting():
            parts.append(f"getters[{self.getting()}]")
        if self.putting():
            parts.append(f"putters[{self.putting()}]")
        return " ".join(parts)

    def __repr__(self):
        rest = self._format()
        return f"<{type(self).__name__} at {id(self):#x}{' ' + rest if rest else ''}>"

    def __str__(self):
        rest = self._format()
        return f"<{type(self).__name__}{' ' + rest if rest else ''}>"
