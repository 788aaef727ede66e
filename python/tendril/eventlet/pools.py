# SPDX-License-Identifier: MIT
"""Pools of things that are made when they are needed, such as connections."""

import collections
import contextlib

from tendril.eventlet import queue

__all__ = ["Pool", "TokenPool"]


class Pool:
    """At most max_size things, made by create(), or by a subclass's method of that name."""

    def __init__(self, min_size=0, max_size=4, order_as_stack=False, create=None):
        """`min_size` of them are made now. With order_as_stack, the one used last is given first."""
        self.min_size = min_size
        self.max_size = max_size
        self.order_as_stack = order_as_stack
        self.current_size = 0
        self.channel = queue.LightQueue(0)
        self.free_items = collections.deque()
        if create is not None:
            self.create = create
        for _ in range(min_size):
            self.current_size += 1
            self.free_items.append(self.create())

    def get(self):
        """A free one, or a new one; waits if all are in use."""
        if self.free_items:
            return self.free_items.popleft()
        if self.current_size >= self.max_size:
            return self.channel.get()
        self.current_size += 1
        try:
            return self.create()
        except BaseException:
            self.current_size -= 1
            raise

    @contextlib.contextmanager
    def item(self):
        """get() and put() around a with block."""
        taken = self.get()
        try:
            yield taken
        finally:
            self.put(taken)

    def put(self, item):
        """Gives one back, to the first that waits. Never waits. Drops it if there are too many."""
        if self.current_size > self.max_size:
            self.current_size -= 1
            return
        if self.waiting():
            try:
                self.channel.put_nowait(item)
                return
            except queue.Full:
                pass
        if self.order_as_stack:
            self.free_items.appendleft(item)
        else:
            self.free_items.append(item)

    def resize(self, new_size):
        """Changes max_size. Too many are dropped when they are put back."""
        self.max_size = new_size

    def free(self):
        """How often get() would not wait."""
        return len(self.free_items) + self.max_size - self.current_size

    def waiting(self):
        """How many green threads wait in get()."""
        return max(0, self.channel.getting() - self.channel.putting())

    def create(self):
        """Makes one. To be overridden, unless the constructor was given a create()."""
        raise NotImplementedError("a subclass of Pool must have a method create")


class Token:
    """What a TokenPool gives."""


class TokenPool(Pool):
    """Gives Tokens: the right to use something of which there is little."""

    def create(self):
        """Makes a Token."""
        return Token()
