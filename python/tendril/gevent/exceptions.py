# SPDX-License-Identifier: MIT
"""The exceptions of gevent's names."""

from tendril import GreenletExit, LoopExit  # noqa: F401

__all__ = ["LoopExit"]


class BlockingSwitchOutError(AssertionError):
    """A wait, where none is allowed."""


class InvalidSwitchError(AssertionError):
    """A wait was ended by something that does not belong to it."""


class ConcurrentObjectUseError(AssertionError):
    """Two green threads use at once what only one may use."""


class InvalidThreadUseError(RuntimeError):
    """An object is used in another OS thread than its own."""


class HubDestroyed(GreenletExit):
    """The hub is gone. There is no such end here: it exists for `except` clauses."""

    def __init__(self, destroy_loop=True):
        super().__init__(destroy_loop)
        self.destroy_loop = destroy_loop
