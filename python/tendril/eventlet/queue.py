# SPDX-License-Identifier: MIT
"""Queues between green threads. One with a maxsize of 0 is a channel: put() waits until a get() takes the item."""

import collections
import heapq
from queue import Empty, Full

import tendril

__all__ = ["Queue", "PriorityQueue", "LifoQueue", "LightQueue", "Full", "Empty"]


class LightQueue:
    """A queue without task_done() and join(). `maxsize` None or below 0: without limit."""

    def __init__(self, maxsize=None):
        self.maxsize = None if maxsize is None or maxsize < 0 else maxsize
        self._meeting = tendril.Channel()  # of getters while it is empty, and of putters while it is full
        self._init(maxsize)

    def _init(self, maxsize):
        self.queue = collections.deque()

    def _get(self):
        return self.queue.popleft()

    def _put(self, item):
        self.queue.append(item)

    def __repr__(self):
        return f"<{type(self).__name__} at {id(self):#x} {self._described()}>"

    def __str__(self):
        return f"<{type(self).__name__} {self._described()}>"

    def _described(self):
        text = f"maxsize={self.maxsize!r} queue={list(self.queue)!r}"
        if self.getting():
            text += f" getters[{self.getting()}]"
        if self.putting():
            text += f" putters[{self.putting()}]"
        return text

    def qsize(self):
        """How many items it holds."""
        return len(self.queue)

    def __bool__(self):
        return True

    def __len__(self):
        return self.qsize()

    def putting(self):
        """How many green threads wait to put."""
        return self._meeting.putting()

    def getting(self):
        """How many green threads wait to get."""
        return self._meeting.getting()

    def empty(self):
        """Whether it holds no item."""
        return not self.qsize()

    def full(self):
        """Whether it holds as many items as it may; of a channel always True."""
        return self.maxsize is not None and self.qsize() >= self.maxsize

    def resize(self, size):
        """Changes maxsize. A greater one lets putters in that wait; with a smaller one the items stay."""
        self.maxsize = None if size is None or size < 0 else size
        self._let_in()

    def _let_in(self):
        while not self.full() and self._meeting.putting():
            try:
                self._put(self._meeting.get_nowait())
            except Empty:
                return

    def put(self, item, block=True, timeout=None):
        """Adds an item, waiting until there is room. Raises Full if it does not block, or the timeout comes first."""
        if self._meeting.getting():
            try:
                self._meeting.put_nowait(item)
            except Full:
                pass
            else:
                if block and self.maxsize == 0:
                    tendril.sleep(0)  # a channel's getter goes on before its putter
                return
        if not self.full():
            self._put(item)
        elif block:
            self._meeting.put(item, True, timeout)
        else:
            raise Full

    def put_nowait(self, item):
        """put() that does not wait."""
        self.put(item, False)

    def get(self, block=True, timeout=None):
        """Takes an item, waiting until there is one. Raises Empty if it does not block, or the timeout comes first."""
        if self.qsize():
            item = self._get()
            if self._meeting.putting():
                self._let_in()
            return item
        return self._meeting.get(block, timeout)

    def get_nowait(self):
        """get() that does not wait."""
        return self.get(False)


class Queue(LightQueue):
    """A queue that knows how many of its items are still worked on."""

    def __init__(self, maxsize=None):
        super().__init__(maxsize)
        self.unfinished_tasks = 0
        self._finished = tendril.Event()
        self._finished.set()

    def _described(self):
        text = super()._described()
        return f"{text} tasks={self.unfinished_tasks}" if self.unfinished_tasks else text

    def put(self, item, block=True, timeout=None):
        """Adds an item, waiting until there is room. Raises Full if it does not block, or the timeout comes first."""
        self.unfinished_tasks += 1
        self._finished.clear()
        try:
            super().put(item, block, timeout)
        except BaseException:
            self.task_done()
            raise

    def task_done(self):
        """Says that the work on an item is done. ValueError if that was said of all."""
        if self.unfinished_tasks <= 0:
            raise ValueError("task_done() called too many times")
        self.unfinished_tasks -= 1
        if self.unfinished_tasks == 0:
            self._finished.set()

    def join(self):
        """Waits until the work on all items is done."""
        self._finished.wait()


class PriorityQueue(Queue):
    """Gives the least item first, by `<`."""

    def _init(self, maxsize):
        self.queue = []

    def _put(self, item):
        heapq.heappush(self.queue, item)

    def _get(self):
        return heapq.heappop(self.queue)


class LifoQueue(Queue):
    """Gives the newest item first."""

    def _init(self, maxsize):
        self.queue = []

    def _put(self, item):
        self.queue.append(item)

    def _get(self):
        return self.queue.pop()
