# SPDX-License-Identifier: MIT
"""The supervisor of `tendril serve`: starts workers, replaces those that die, and tells them to end.

It is plain Python that waits for signals only. TERM: a graceful stop; INT, QUIT: a quick one; HUP: fresh workers; TTIN,
TTOU: one more, one less; USR1: log files are opened again.
"""

import ctypes
import mmap
import os
import select
import signal
import struct
import time

NOT_LOADED = 4  # a worker's status: the application cannot be imported
HEARD = [signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGTTIN, signal.SIGTTOU,
         signal.SIGUSR1, signal.SIGALRM]


class Heartbeat:
    """A time that a worker writes and the supervisor reads; and whether the worker serves yet."""

    def __init__(self):
        self._memory = mmap.mmap(-1, 16)
        self.beat()

    def beat(self, ready=False):
        """Says that the worker lives."""
        self._memory[:9] = struct.pack("d?", time.monotonic(), ready)

    @property
    def age(self):
        """Seconds since the last beat."""
        return time.monotonic() - struct.unpack_from("d", self._memory)[0]

    @property
    def ready(self):
        """Whether the worker serves."""
        return self._memory[8] != 0

    def close(self):
        """Gives its memory back."""
        self._memory.close()


def end_with_parent(parent):
    """This process gets SIGTERM when its parent dies, in whatever way."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGTERM)


class Signals:
    """The signals that have come, in order. Works the same after tendril.patch()."""

    def __init__(self):
        self._reading, self._writing = os.pipe()
        for fd in (self._reading, self._writing):
            os.set_blocking(fd, False)
        signal.set_wakeup_fd(self._writing, warn_on_full_buffer=False)
        for number in HEARD:
            signal.signal(number, lambda *_: None)

    def wait(self, seconds):
        """The next one's number, or None if none comes in time."""
        if not select.select([self._reading], [], [], seconds)[0]:
            return None
        return os.read(self._reading, 1)[0]

    def leave(self):
        """In a child: as if it had never been."""
        signal.set_wakeup_fd(-1)
        os.close(self._reading)
        os.close(self._writing)
        for number in HEARD:
            signal.signal(number, signal.SIG_DFL)


class Supervisor:
    """body(heartbeat) is what a worker does, in a process of its own; it returns its status."""

    def __init__(self, body, settings, log):
        self._body = body
        self._settings = settings
        self._log = log
        self._wanted = settings.workers
        self._workers = {}  # pid -> Heartbeat
        self._old = {}      # those that are to end: pid -> the time when they are killed
        self._signals = None
        self._failures = 0
        self._next_start = 0.0
        self.on_reopen = lambda: None

    def run(self):
        """Supervises until a signal tells it to end. Returns the status."""
        self._signals = Signals()
        self._start_missing()
        while True:
            number = self._signals.wait(0.5)
            if number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
                self._log("info", f"{signal.Signals(number).name}: ending")
                return self._stop(number)
            if number == signal.SIGHUP:
                self._log("info", "SIGHUP: starting fresh workers")
                self._renew()
            elif number == signal.SIGTTIN:
                self._wanted += 1
            elif number == signal.SIGTTOU and self._wanted > 1:
                self._wanted -= 1
                self._end(next(iter(self._workers), None))
            elif number == signal.SIGUSR1:
                self.on_reopen()
                self._tell(signal.SIGUSR1)
            status = self._reap()
            if status is not None:
                self._stop(signal.SIGTERM)
                return status
            self._kill_silent()
            self._start_missing()

    def _start(self):
        heartbeat = Heartbeat()
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                self._signals.leave()
                end_with_parent(parent)
                status = self._body(heartbeat)
            except SystemExit as asked:
                status = asked.code if isinstance(asked.code, int) else 1 if asked.code else 0
            except BaseException:
                import traceback
                traceback.print_exc()
            finally:
                os._exit(status or 0)
        self._workers[pid] = heartbeat
        return pid

    def _start_missing(self):
        while len(self._workers) < self._wanted and time.monotonic() >= self._next_start:
            self._start()

    def _end(self, pid, number=signal.SIGTERM):
        if pid is None:
            return
        self._workers.pop(pid).close()
        self._old[pid] = time.monotonic() + self._settings.graceful_timeout + 2
        _kill(pid, number)

    def _tell(self, number):
        for pid in [*self._workers, *self._old]:
            _kill(pid, number)

    def _reap(self):
        """Returns a status if the supervisor is to end."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return None
            if pid == 0:
                return None
            heartbeat = self._workers.pop(pid, None)
            if self._old.pop(pid, None) is not None or heartbeat is None:
                continue
            was_ready = heartbeat.ready
            heartbeat.close()
            code = os.waitstatus_to_exitcode(status)
            if code == NOT_LOADED and not was_ready and not any(each.ready for each in self._workers.values()):
                return 1
            if code != 0 or not was_ready:
                self._failures += 1
                pause = min(10.0, 0.1 * 2 ** self._failures)
                self._next_start = time.monotonic() + pause
                how = f"by signal {-code}" if code < 0 else f"with status {code}"
                self._log("error", f"worker {pid} has ended {how}; the next one starts in {pause:.1f} s")
            else:
                self._failures = 0

    def _kill_silent(self):
        now = time.monotonic()
        for pid, heartbeat in list(self._workers.items()):
            if heartbeat.ready:
                self._failures = 0
            if self._settings.timeout and heartbeat.age > self._settings.timeout:
                self._log("critical", f"worker {pid} has let no green thread run for {self._settings.timeout} s: killed")
                heartbeat.beat()
                _kill(pid, signal.SIGABRT)
        for pid, limit in self._old.items():
            if now > limit:
                _kill(pid, signal.SIGKILL)

    def _renew(self):
        """Fresh workers for the old ones, which end once the fresh ones serve. If those fail, the old ones stay."""
        old = dict(self._workers)
        self._workers.clear()
        fresh = [self._start() for _ in range(self._wanted)]
        limit = time.monotonic() + max(self._settings.timeout, 30)
        while not all(pid in self._workers and self._workers[pid].ready for pid in fresh):
            if time.monotonic() > limit or self._lost(fresh):
                self._log("error", "the fresh workers have failed: the old ones stay")
                for pid in list(self._workers):
                    self._end(pid, signal.SIGQUIT)
                self._workers.update(old)
                return
            time.sleep(0.05)
        self._workers.update(old)
        for pid in old:
            self._end(pid)

    def _lost(self, fresh):
        for pid in fresh:
            try:
                ended, _ = os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                ended = pid
            if ended:
                self._workers.pop(pid).close()
                return True
        return False

    def _stop(self, number):
        graceful = number == signal.SIGTERM
        self._tell(number)
        limit = time.monotonic() + (self._settings.graceful_timeout + 2 if graceful else 2)
        left = {*self._workers, *self._old}
        while left:
            try:
                pid, _ = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                break
            if pid:
                left.discard(pid)
                continue
            if time.monotonic() > limit:
                for each in left:
                    _kill(each, signal.SIGKILL)
                limit = float("inf")
            number = self._signals.wait(0.2)
            if number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM):
                self._tell(number)
        return 0


def _kill(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass
