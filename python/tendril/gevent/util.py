# SPDX-License-Identifier: MIT
"""gevent.util: print_run_info, format_run_info, GreenletTree, wrap_errors and assert_switches."""

import gc
import sys
import traceback as _traceback

import tendril
from tendril.gevent.hub import get_hub

__all__ = ["format_run_info", "print_run_info", "GreenletTree", "wrap_errors", "assert_switches"]


def print_run_info(thread_stacks=True, greenlet_stacks=True, limit=object(), file=None):
    """Writes what format_run_info() says, by default to stderr."""
    for line in format_run_info(thread_stacks, greenlet_stacks):
        print(line, file=file or sys.stderr)


def format_run_info(thread_stacks=True, greenlet_stacks=True, limit=object(), current_thread_ident=None):
    """Lines about the green threads that live, with their stacks."""
    lines = ["*" * 80, "* Threads", ""]
    if thread_stacks:
        for ident, frame in sys._current_frames().items():
            lines.append(f"Thread {ident:#x}")
            lines += [line.rstrip() for line in _traceback.format_stack(frame)]
    lines += ["*" * 80, "* Greenlets", ""]
    return lines + GreenletTree.current_tree().format_lines()


class GreenletTree:
    """The green threads that live, each with what it spawned."""

    def __init__(self, greenlet=None):
        self.greenlet = greenlet
        self.children = []

    @classmethod
    def forest(cls):
        return [cls.current_tree()]

    @classmethod
    def current_tree(cls):
        root = cls()
        for each in gc.get_objects():
            if isinstance(each, tendril.Greenlet) and not each.dead:
                root.children.append(cls(each))
        return root

    @property
    def is_root(self):
        return self.greenlet is None

    def format_lines(self, details=True):
        lines = [repr(get_hub())] if self.is_root else [f" +--- {self.greenlet!r}"]
        for each in self.children:
            lines += each.format_lines(details)
        return lines

    def format(self, details=True):
        return "\n".join(self.format_lines(details))

    __str__ = format

    def __getitem__(self, index):
        return self.children[index]


class wrap_errors:
    """A callable that returns the errors of `errors` instead of raising them."""

    def __init__(self, errors, func):
        self.__errors = errors
        self.__func = func

    def __call__(self, *args, **kwargs):
        try:
            return self.__func(*args, **kwargs)
        except self.__errors as error:
            return error

    def __str__(self):
        return str(self.__func)

    def __repr__(self):
        return repr(self.__func)

    def __getattr__(self, name):
        return getattr(self.__func, name)


class assert_switches:
    """A block that must let others run."""

    def __init__(self, max_blocking_time=None, hub_only=False):
        raise NotImplementedError("gevent.util.assert_switches: see tendril's blocking watch")
