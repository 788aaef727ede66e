# SPDX-License-Identifier: MIT
"""gevent.os: fork and waitpid as the standard library's after tendril.patch(), and reads and writes that cooperate."""

import fcntl as _fcntl
import os as _os

from tendril.gevent.hub import get_hub
from tendril.gevent.socket import wait_read, wait_write

_fork, _waitpid, _forkpty = _os.fork, _os.waitpid, _os.forkpty
WNOHANG = _os.WNOHANG


def fork():
    """Forks: the child goes on with the calling green thread alone."""
    return _fork()


def fork_gevent(*args, **kwargs):
    return fork()


def forkpty():
    """Forks, with a terminal of its own for the child."""
    return _forkpty()


forkpty_gevent = forkpty


def fork_and_watch(callback=None, loop=None, ref=False, fork=fork):
    """Forks; callback(watcher) at the child's end."""
    pid = fork()
    if pid and callback is not None:
        watcher = get_hub().loop.child(pid, ref=ref)
        watcher.start(callback, watcher)
    return pid


def forkpty_and_watch(callback=None, loop=None, ref=False, forkpty=forkpty):
    """The same with forkpty()."""
    pid, fd = forkpty()
    if pid and callback is not None:
        watcher = get_hub().loop.child(pid, ref=ref)
        watcher.start(callback, watcher)
    return pid, fd


def waitpid(pid, options):
    """Waits for a child's end."""
    return _waitpid(pid, options)


def make_nonblocking(fd):
    """Returns whether that changed anything: True, or None."""
    flags = _fcntl.fcntl(fd, _fcntl.F_GETFL, 0)
    if not flags & _os.O_NONBLOCK:
        _fcntl.fcntl(fd, _fcntl.F_SETFL, flags | _os.O_NONBLOCK)
        return True
    return None


def nb_read(fd, n):
    """Reads at most n bytes, waiting for the first."""
    while True:
        try:
            return _os.read(fd, n)
        except BlockingIOError:
            wait_read(fd)


def nb_write(fd, buf):
    """Writes, waiting for room. Returns how many bytes."""
    while True:
        try:
            return _os.write(fd, buf)
        except BlockingIOError:
            wait_write(fd)


def tp_read(fd, n):
    """Reads in a thread of the hub's pool."""
    return get_hub().threadpool.apply(_os.read, (fd, n))


def tp_write(fd, buf):
    """Writes in a thread of the hub's pool."""
    return get_hub().threadpool.apply(_os.write, (fd, buf))


__implements__ = ["fork", "forkpty"]
__extensions__ = ["tp_read", "tp_write", "nb_read", "nb_write", "make_nonblocking", "fork_gevent", "forkpty_gevent",
                  "fork_and_watch", "forkpty_and_watch"]
__all__ = __implements__ + __extensions__ + ["waitpid", "WNOHANG"]
posix_spawn, posix_spawnp = _os.posix_spawn, _os.posix_spawnp
