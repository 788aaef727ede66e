# SPDX-License-Identifier: MIT
"""Hub: what schedules the green threads of an OS thread; most programs never name it."""

from tendril import _tendril


class Hub:
    """The hub of the running OS thread; it has no state of its own, and all of them are alike."""

    @property
    def backend(self):
        """The name of what tells it of events: "epoll", "io_uring", "poll", "select"."""
        return _tendril._hub_stats()["backend"]

    def stats(self):
        """Its counts as of now, a dict: greenlets (without the main one), ready (those that wait only for their turn),
        timers, descriptors, waiting_for_io, stacks_used, stacks_free, turns (how often it has looked for events), and
        the backend's name.
        """
        return _tendril._hub_stats()

    def run_until_idle(self, timeout=None):
        """Waits until nothing is left to wait for: no timer, no descriptor. Green threads that nothing can wake do not
        count. Returns whether it came so far in time.
        """
        return _tendril._run_until_idle(timeout)

    def set_error_handler(self, handler):
        """Calls handler(greenlet, error) for what a green thread raised that nobody can ask for any more, in every OS
        thread; it must not wait. None: prints it, by sys.unraisablehook. Returns the former handler.
        """
        return _tendril._set_error_handler(handler)

    def dump(self, file=None, c_frames=False):
        """tendril.dump()."""
        from tendril.dump import dump
        dump(file, c_frames)


_hub = Hub()


def get_hub():
    """The running OS thread's Hub."""
    return _hub
