# SPDX-License-Identifier: MIT
"""gevent.greenlet: Greenlet with links, names and the tree of who spawned whom."""

import traceback as _traceback
import weakref

import tendril
from tendril import GreenletExit, _tendril, getcurrent
from tendril.complete import complete
from tendril.gevent import _park
from tendril.gevent.hub import get_hub, iwait, wait
from tendril.gevent.timeout import Timeout

__all__ = ["Greenlet", "joinall", "killall"]

_idents = set()
_next_ident = 0


def _take_ident(owner):
    global _next_ident
    ident = _idents.pop() if _idents else None
    if ident is None:
        ident = _next_ident
        _next_ident += 1
    weakref.finalize(owner, _idents.add, ident).atexit = False
    return ident


class SpawnedLink:
    """A link whose callback may wait."""

    __slots__ = ("callback",)

    def __init__(self, callback):
        if not callable(callback):
            raise TypeError(f"Expected callable: {callback!r}")
        self.callback = callback

    def __call__(self, source):
        self.callback(source)

    def __eq__(self, other):
        return self.callback == getattr(other, "callback", other)

    def __hash__(self):
        return hash(self.callback)


class _Wake:

    __slots__ = ("event",)

    def __init__(self, event):
        self.event = event

    def __call__(self, source):
        self.event.set()


class SuccessSpawnedLink(SpawnedLink):
    __slots__ = ()

    def __call__(self, source):
        if source.successful():
            self.callback(source)


class FailureSpawnedLink(SpawnedLink):
    __slots__ = ()

    def __call__(self, source):
        if not source.successful():
            self.callback(source)


@complete(_tendril._GeventThread)
class Greenlet:
    """A green thread that runs run(*args, **kwargs), or a subclass's _run(); begins after start()."""

    _spawn_callbacks = None
    spawning_stack = None
    spawning_stack_limit = 10

    # ---- Names

    @property
    def loop(self):
        return get_hub().loop

    @property
    def minimal_ident(self):
        """A small number that no other living Greenlet has."""
        ident = self.__dict__.get("_ident")
        if ident is None:
            ident = self.__dict__["_ident"] = _take_ident(self)
        return ident

    @property
    def name(self):
        """Its name; by default made of minimal_ident. May be set."""
        return self.__dict__.get("_name") or f"{type(self).__name__}-{self.minimal_ident}"

    @name.setter
    def name(self, name):
        self.__dict__["_name"] = name

    def __repr__(self):
        named = self.__dict__.get("_name") or ("_ident" in self.__dict__ and self.name)
        text = f"<{type(self).__name__} " + (f'"{named}" ' if named else "") + f"at {id(self):#x}"
        rest = self._formatinfo()
        return f"{text}: {rest}>" if rest else text + ">"

    __str__ = __repr__

    def _formatinfo(self):
        run = self._run
        told = getattr(run, "__name__", "")
        owner = getattr(run, "__self__", None)
        if owner is not None and told:
            told = f"<bound method {type(owner).__name__}.{told} of {owner!r}>" if owner is not self else told
        args = [repr(each)[:50] for each in self.args or ()]
        args += [f"{key}={value!r}"[:50] for key, value in (self.kwargs or {}).items()]
        return f"{told or repr(run)}({', '.join(args)})" if args else told or repr(run)

    # ---- Its state

    @property
    def exc_info(self):
        """(type, value, traceback) of what it raised; () while there is nothing."""
        error = self.exception
        return () if error is None else (type(error), error, error.__traceback__)

    # ---- Its life

    @classmethod
    def spawn_later(cls, seconds, *args, **kwargs):
        """Makes one, which begins after a time."""
        if cls is Greenlet and not args:
            raise TypeError("a Greenlet needs something to call")
        made = cls(*args, **kwargs)
        made.start_later(seconds)
        return made

    @classmethod
    def add_spawn_callback(cls, callback):
        """callback(greenlet) is called at each start()."""
        if cls._spawn_callbacks is None:
            cls._spawn_callbacks = []
        Greenlet.start, Greenlet.start_later = _start_watched, _start_later_watched
        _tendril._watch_gevent_starts(True)
        if callback not in cls._spawn_callbacks:
            cls._spawn_callbacks.append(callback)

    @classmethod
    def remove_spawn_callback(cls, callback):
        if cls._spawn_callbacks is not None:
            if callback in cls._spawn_callbacks:
                cls._spawn_callbacks.remove(callback)
            if not cls._spawn_callbacks:
                cls._spawn_callbacks = None

    def _failed(self, error):
        """Of the base, when it ends with an error: reported as the hub says."""
        self.exception  # it counts as seen
        hub = get_hub()
        if isinstance(error, (KeyboardInterrupt, SystemExit)):
            hub._passed_on = error
        try:
            hub.handle_error(self, type(error), error, error.__traceback__)
        except BaseException:  # the hub's own hook must not stop the end of a green thread
            _traceback.print_exc()

    def kill(self, exception=GreenletExit, block=True, timeout=None):
        """Raises the exception in it where it waits, and with `block` waits for its end, at most `timeout` seconds.

        One that has not begun never does. Raises nothing of what comes of it.
        """
        if not isinstance(exception, BaseException) and not (
                isinstance(exception, type) and issubclass(exception, BaseException)):
            exception = TypeError(f"exceptions must be classes or instances, not {type(exception).__name__}")
        if self.dead:
            return
        begun = tendril.Greenlet.__bool__(self)
        if self._is_parked and self is not getcurrent():
            self.throw(exception)
        else:
            tendril.Greenlet.kill(self, exception, block=False)
        if block and not self.dead:
            self.join(timeout) if begun else self._await(timeout)

    def throw(self, *args):
        """Raises the exception in it where it waits; one that has not begun never does."""
        _park._throw(self, *args)

    def _get(self, block=True, timeout=None):
        """get() with arguments, or with links, which come before the caller goes on."""
        if isinstance(timeout, tendril.Timeout):
            if not self.dead and block:
                with timeout:
                    self._await(None)
            timeout = None
        if not self.dead:
            if not block:
                raise Timeout()
            if timeout is not None:
                with Timeout(timeout):
                    self._await(None)
            else:
                self._await(None)
        return tendril.Greenlet.get(self, block)

    def _join(self, timeout=None):
        """The same for join()."""
        if isinstance(timeout, tendril.Timeout):
            with timeout:
                self._await(None)
        elif not self.dead:
            self._await(timeout)

    def _await(self, timeout):
        if not self._links:
            return tendril.Greenlet.join(self, timeout)
        ended = tendril.Event()  # set after those links that are there
        wake = _Wake(ended)
        self.rawlink(wake)
        try:
            ended.wait(timeout)
        finally:
            self.unlink(wake)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, traceback):
        if kind is not None:
            return self.kill(value if value is not None else kind)
        try:
            self.join()
        finally:
            self.kill()

    # ---- Links

    def link(self, callback, SpawnedLink=SpawnedLink):
        """callback(self) at its end, in a green thread of its own."""
        self.rawlink(SpawnedLink(callback))

    def link_value(self, callback, SpawnedLink=SuccessSpawnedLink):
        """link(), only after a result."""
        self.rawlink(SpawnedLink(callback))

    def link_exception(self, callback, SpawnedLink=FailureSpawnedLink):
        """link(), only after an error."""
        self.rawlink(SpawnedLink(callback))

    def _link_failed(self, link, error):
        """Of the base: a link has raised."""
        get_hub().handle_error((link, self), type(error), error, error.__traceback__)

    def __await__(self):
        return self.get()
        yield


def _tell_start(greenlet):
    if greenlet._spawn_callbacks and not greenlet.started and not greenlet.dead:
        for callback in list(greenlet._spawn_callbacks):
            callback(greenlet)


def _start_watched(self):
    """Lets it begin when the caller waits next."""
    _tell_start(self)
    _tendril._GeventGreenlet.start(self)


def _start_later_watched(self, seconds):
    """The same, after a time."""
    _tell_start(self)
    _tendril._GeventGreenlet.start_later(self, seconds)


@complete(_tendril._GeventRaw)
class _Raw:
    """What spawn_raw() returns."""

    def _failed(self, error):
        if isinstance(error, Exception):
            self.exception  # it counts as seen
            get_hub().handle_error(self._run, type(error), error, error.__traceback__)

    def _link_failed(self, link, error):
        get_hub().handle_error((link, self), type(error), error, error.__traceback__)


_tendril._set_spawned_link(SpawnedLink)
spawn_raw = _tendril._spawner(_Raw, "spawn_raw", """spawn_raw(function, *args, **kwargs)
--

The cheapest green thread: no links, no name; what it raises is reported.""")


def joinall(greenlets, timeout=None, raise_error=False, count=None):
    """Waits for the ends of all, or of `count`. Returns those that have ended; with raise_error raises their errors."""
    if not raise_error:
        return wait(greenlets, timeout=timeout, count=count)
    done = []
    for each in iwait(greenlets, timeout=timeout, count=count):
        if hasattr(each, "exception") and each.exception is not None:
            raise each.exception
        done.append(each)
    return done


def killall(greenlets, exception=GreenletExit, block=True, timeout=None):
    """Kills all; with `block` waits for their ends, and raises Timeout if that takes longer."""
    greenlets = list(greenlets)
    for each in greenlets:
        if isinstance(each, Greenlet):
            each.kill(exception, block=False)
        elif not each.dead:
            each.throw(exception)
    if block:
        with Timeout._start_new_or_dummy(timeout):
            for each in greenlets:
                if isinstance(each, tendril.Greenlet) and each is not getcurrent():
                    tendril.Greenlet.join(each)
