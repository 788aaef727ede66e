# SPDX-License-Identifier: MIT
"""Switches for debugging. tendril.dump() shows more: every green thread, what it waits for, and where."""

import os
import sys

import tendril
from tendril.eventlet import hubs

__all__ = ["spew", "unspew", "format_hub_listeners", "format_hub_timers", "hub_listener_stacks", "hub_exceptions",
           "tpool_exceptions", "hub_prevent_multiple_readers", "hub_timer_stacks", "hub_blocking_detection"]


class Spew:
    """A trace function that prints each line that runs, in the modules named, or in all."""

    def __init__(self, trace_names=None, show_values=True):
        self.trace_names = trace_names
        self.show_values = show_values

    def __call__(self, frame, event, arg):
        if event != "line":
            return self
        import linecache
        path = frame.f_globals.get("__file__")
        name = frame.f_globals.get("__name__", "[unknown]") if path else "[unknown]"
        if path:
            text = linecache.getline(path, frame.f_lineno).rstrip()
        else:
            text = f"Unknown code named [{frame.f_code.co_name}].  VM instruction #{frame.f_lasti}"
        if self.trace_names is not None and name not in self.trace_names:
            return self
        print(f"{name}:{frame.f_lineno}: {text}")
        if self.show_values:
            import re
            shown = [f"{word}={where[word]!r}" for word in re.split(r"\W+", text)
                     for where in (frame.f_globals, frame.f_locals) if word in where]
            if shown:
                print("\t" + " ".join(shown))
        return self


def spew(trace_names=None, show_values=False):
    """Prints each line that runs in this green thread, and in those that begin later."""
    sys.settrace(Spew(trace_names, show_values))


def unspew():
    """Ends spew()."""
    sys.settrace(None)


def format_hub_listeners():
    """Who waits for which descriptor in trampoline(), as text."""
    hub = hubs.get_hub()
    return os.linesep.join(["READERS:", *map(repr, hub.get_readers()), "WRITERS:", *map(repr, hub.get_writers())])


def format_hub_timers():
    """The timers of schedule_call_global(), as text."""
    return os.linesep.join(["TIMERS:", *map(repr, hubs.get_hub().timers)])


def hub_listener_stacks(state=False):
    """Does nothing: tendril.dump() has the stacks."""


def hub_timer_stacks(state=False):
    """Does nothing: tendril.dump() has the stacks."""


def hub_prevent_multiple_readers(state=True):
    """Whether a second trampoline() for the same descriptor and direction is refused."""
    hubs.prevent_multiple_readers = state


def hub_exceptions(state=True):
    """Whether what green threads raise is printed."""
    from tendril.eventlet import greenpool, greenthread
    greenthread.print_exceptions = state
    greenpool.DEBUG = state


def tpool_exceptions(state=False):
    """Whether what functions raise in tpool is printed too."""
    from tendril.eventlet import tpool
    tpool.QUIET = not state


def hub_blocking_detection(state=False, resolution=1):
    """Whether a green thread that runs for more than `resolution` seconds without waiting is reported."""
    assert resolution > 0
    watch = getattr(tendril, "blocking_watch", None)
    if watch is None:
        raise NotImplementedError("hub_blocking_detection is not there yet")
    watch(resolution if state else None)
