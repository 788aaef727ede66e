# SPDX-License-Identifier: MIT
"""Group: green threads that are waited for, or killed, together."""

from tendril import _tendril
from tendril._tendril import Greenlet, GreenletExit, getcurrent
from tendril.calls import Calls
from tendril.timeout import Timeout
from tendril.waits import killall


class Group(Calls):
    """Group(*greenlets): holds green threads until they have ended.

    A member is discarded by the hub soon after its end, so `len` still counts it while others that were woken by its
    last act run.
    """

    greenlet_class = Greenlet

    def __init__(self, *greenlets):
        self.greenlets = set()
        self._idle = _tendril.Event()
        self._idle.set()
        for each in greenlets:
            self.add(each)

    def __repr__(self):
        return f"<{type(self).__name__} at {id(self):#x} {len(self)} running>"

    def __len__(self):
        return len(self.greenlets)

    def __bool__(self):
        return True

    def __contains__(self, greenlet):
        return greenlet in self.greenlets

    def __iter__(self):
        return iter(list(self.greenlets))

    def add(self, greenlet):
        """Makes a Greenlet a member, whether it was started or not."""
        if not hasattr(greenlet, "link"):
            raise TypeError(f"a {type(self).__name__} holds Greenlets; this is {greenlet!r}")
        self.greenlets.add(greenlet)
        try:
            greenlet.link(self._ended)  # which is called later, also for one that has ended
        except BaseException:
            self.greenlets.discard(greenlet)
            raise
        # After patch() others may have run after any call, and let it go. None runs between the two of this line.
        if self.greenlets:
            self._idle.clear()

    def _ended(self, greenlet):
        self.discard(greenlet)

    def discard(self, greenlet):
        """Forgets a member, which goes on."""
        if greenlet in self.greenlets:
            self.greenlets.remove(greenlet)
            greenlet.unlink(self._ended)
            self._left()
            if not self.greenlets:
                self._idle.set()

    def _left(self):
        """For Pool: a member has gone."""

    def start(self, greenlet):
        """add(), and lets it begin."""
        self.add(greenlet)
        greenlet.start()

    def spawn(self, function, *args, **kwargs):
        """A member that runs function(*args, **kwargs). Returns its Greenlet."""
        greenlet = self.greenlet_class(function, *args, **kwargs)
        self.start(greenlet)
        return greenlet

    def join(self, timeout=None, raise_error=False):
        """Waits until there is no member. Returns whether that was in time.

        raise_error: then raises what one of those that were members has raised.
        """
        members = list(self.greenlets) if raise_error else ()
        idle = self._idle.wait(timeout)
        for each in members:
            if each.ready() and not each.successful():
                each.get()
        return idle

    def kill(self, exception=GreenletExit, block=True, timeout=None):
        """Kills all members, also those that come meanwhile; each once. Returns whether none is left."""
        me = getcurrent()
        killed = {me}
        with Timeout(timeout if block else None, False):
            while not killed.issuperset(self.greenlets):
                members = [each for each in self.greenlets if each not in killed]
                killed.update(members)
                killall(members, exception, block)
                if not block:
                    break
                _tendril.sleep(0)  # for their links
        if me in self.greenlets:
            me.kill(exception)
        return not self.greenlets

    def killone(self, greenlet, exception=GreenletExit, block=True, timeout=None):
        """Kills a member; does nothing if it is not one. Returns whether it has ended."""
        return greenlet not in self.greenlets or greenlet.kill(exception, block, timeout)

    def full(self):
        """Whether spawn() would wait: never."""
        return False

    def wait_available(self, timeout=None):
        """Waits until spawn() would not wait. Returns how many it would take; at least one."""
        return 1

    # Calls

    def apply(self, function, args=None, kwds=None):
        """function(*args, **kwds) in a member; waits for it. In a member itself it is called there."""
        if getcurrent() in self.greenlets:
            return function(*(args or ()), **(kwds or {}))
        return self.spawn(function, *(args or ()), **(kwds or {})).get()

    def _spawn_at_once(self, function, args, kwds):
        if self.full():  # which lets the caller go on
            return _tendril.spawn(self.apply, function, args, kwds)
        return self.spawn(function, *args, **kwds)
