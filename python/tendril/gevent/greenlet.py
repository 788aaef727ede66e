# SPDX-License-Identifier: MIT
"""gevent.greenlet: Greenlet with links, names and the tree of who spawned whom."""

import sys
import traceback as _traceback
import weakref
from types import MappingProxyType

import tendril
from tendril import GreenletExit, getcurrent
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


class Greenlet(tendril.Greenlet):
    """A green thread that runs run(*args, **kwargs), or a subclass's _run(); begins after start()."""

    args = ()
    kwargs = MappingProxyType({})
    _links = ()
    _spawn_callbacks = None
    spawning_greenlet = None
    spawning_stack = None
    spawning_stack_limit = 10
    _tree = None

    @property
    def spawn_tree_locals(self):
        """A dictionary that it shares with all that it spawns."""
        if self._tree is None:
            self._tree = {}
        return self._tree

    @spawn_tree_locals.setter
    def spawn_tree_locals(self, tree):
        self._tree = tree

    def __init__(self, run=None, *args, **kwargs):
        if run is not None:
            self._run = run
        if not callable(self._run):
            raise TypeError("The run argument or self._run must be callable")
        super().__init__(self._run, *args, **kwargs)
        if args:
            self.args = args
        if kwargs:
            self.kwargs = kwargs
        parent = getcurrent()
        self.spawning_greenlet = weakref.ref(parent)
        tree = getattr(parent, "spawn_tree_locals", None)
        if tree is not None:
            self._tree = tree

    def _run(self):
        """What a subclass runs, if nothing was passed."""

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

    def __bool__(self):
        return self.started

    @property
    def started(self):
        """Whether it was started, and has not ended."""
        return tendril.Greenlet.started.__get__(self) and not self.dead

    @property
    def exception(self):
        """What it raised; None after a result, or a kill with GreenletExit."""
        return tendril.Greenlet.exception.__get__(self)

    @property
    def exc_info(self):
        """(type, value, traceback) of what it raised; () while there is nothing."""
        error = self.exception
        return () if error is None else (type(error), error, error.__traceback__)

    @property
    def value(self):
        """Its result; None while there is none."""
        return tendril.Greenlet.value.__get__(self)

    @value.setter
    def value(self, value):
        pass

    # ---- Its life

    @classmethod
    def spawn(cls, *args, **kwargs):
        """Makes one and starts it."""
        made = cls(*args, **kwargs)
        made.start()
        return made

    @classmethod
    def spawn_later(cls, seconds, *args, **kwargs):
        """Makes one, which begins after a time."""
        if cls is Greenlet and not args:
            raise TypeError("a Greenlet needs something to call")
        made = cls(*args, **kwargs)
        made.start_later(seconds)
        return made

    def start(self):
        """Lets it begin when the caller waits next."""
        if self._spawn_callbacks and not self.started and not self.dead:
            for callback in list(self._spawn_callbacks):
                callback(self)
        super().start()

    def start_later(self, seconds):
        """The same, after a time."""
        if self._spawn_callbacks and not self.started and not self.dead:
            for callback in list(self._spawn_callbacks):
                callback(self)
        super().start_later(seconds)

    @classmethod
    def add_spawn_callback(cls, callback):
        """callback(greenlet) is called at each start()."""
        if cls._spawn_callbacks is None:
            cls._spawn_callbacks = []
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
        tendril.Greenlet.exception.__get__(self)
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
        if _park.is_parked(self) and self is not getcurrent():
            self.throw(exception)
        else:
            super().kill(exception, block=False)
        if block and not self.dead:
            self.join(timeout) if begun else self._await(timeout)

    def throw(self, *args):
        """Raises the exception in it where it waits; one that has not begun never does."""
        _park._throw(self, *args)

    def get(self, block=True, timeout=None):
        """Waits for its end. Returns its result or raises what it raised; Timeout if that takes longer."""
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
        return super().get(block)

    def join(self, timeout=None):
        """Waits for its end, at most `timeout` seconds. Returns None: see ready()."""
        if isinstance(timeout, tendril.Timeout):
            with timeout:
                self._await(None)
        elif not self.dead:
            self._await(timeout)

    def _await(self, timeout):
        if not self._links:
            return super().join(timeout)
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

    def rawlink(self, callback):
        """callback(self) at its end; it must not wait."""
        if not callable(callback):
            raise TypeError(f"Expected callable: {callback!r}")
        links = self.__dict__.get("_links")
        if links is None:
            links = self.__dict__["_links"] = []
            if not self.dead:
                super().link(_notify)
        links.append(callback)
        if self.dead and not self.__dict__.get("_notifying"):
            self._schedule()

    def link(self, callback, SpawnedLink=SpawnedLink):
        """callback(self) at its end, in a green thread of its own."""
        self.rawlink(SpawnedLink(callback))

    def link_value(self, callback, SpawnedLink=SuccessSpawnedLink):
        """link(), only after a result."""
        self.rawlink(SpawnedLink(callback))

    def link_exception(self, callback, SpawnedLink=FailureSpawnedLink):
        """link(), only after an error."""
        self.rawlink(SpawnedLink(callback))

    def unlink(self, callback):
        """Takes a link back; also while links are called."""
        if self._links:
            try:
                self._links.remove(callback)
            except ValueError:
                pass

    def unlink_all(self):
        if self._links:
            self._links.clear()

    def has_links(self):
        return len(self._links)

    def _schedule(self):
        self.__dict__["_notifying"] = True
        get_hub().loop.run_callback(_notify, self)

    def __await__(self):
        return self.get()
        yield


def _notify(greenlet):
    links = greenlet._links
    try:
        while links:
            link = links.pop(0)
            if links and isinstance(link, SpawnedLink):
                tendril.spawn_n(_notify, greenlet)  # goes on, should this one wait
            try:
                link(greenlet)
            except BaseException:
                get_hub().handle_error((link, greenlet), *sys.exc_info())
    finally:
        greenlet.__dict__.pop("_notifying", None)


def spawn_raw(function, *args, **kwargs):
    """The cheapest green thread: no links, no name; what it raises is reported."""
    if not callable(function):
        raise TypeError(f"function must be callable, not {function!r}")
    made = tendril.spawn(_run_raw, function, args, kwargs)
    parent = getcurrent()
    made.spawning_greenlet = weakref.ref(parent)
    made.spawn_tree_locals = {}
    return made


def _run_raw(function, args, kwargs):
    try:
        function(*args, **kwargs)
    except Exception:
        get_hub().handle_error(function, *sys.exc_info())


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
