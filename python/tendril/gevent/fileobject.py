# SPDX-License-Identifier: MIT
"""gevent.fileobject: files whose reads and writes let other green threads run, after tendril.patch()."""

import io as _io
import os as _os

from tendril import unpreempted

__all__ = ["FileObjectPosix", "FileObjectThread", "FileObjectBlock", "FileObject"]


class FileObjectPosix:
    """A file of a descriptor, a path or another file; pipes, sockets and terminals cooperate."""

    default_bufsize = _io.DEFAULT_BUFFER_SIZE

    def __init__(self, fobj, mode="r", bufsize=None, close=True, encoding=None, errors=None, newline=None, buffering=None,
                 closefd=None, atomic_write=False):
        unpreempted.patch()
        close = closefd if closefd is not None else close
        buffering = bufsize if buffering is None else buffering
        self._inner = None
        if isinstance(fobj, (str, bytes, _os.PathLike)):
            where = fobj
        elif isinstance(fobj, int):
            where = fobj
        else:
            self._inner = fobj
            where = fobj.fileno()
            if not mode or mode == "r" and hasattr(fobj, "mode") and isinstance(fobj.mode, str):
                mode = fobj.mode.replace("U", "") or "rb"
        if isinstance(where, int) and where < 0:
            raise ValueError(f"fd must be non-negative: {where!r}")
        mode = mode.replace("U", "") or "r"
        if buffering == 0 and "b" not in mode:
            buffering = 1
        own = close and self._inner is None
        closefd = own if isinstance(where, int) else True
        self._close = close
        self._file = open(where, mode, -1 if buffering is None else buffering, encoding, errors, newline, closefd=closefd)

    @property
    def io(self):
        return self._file

    @property
    def closed(self):
        return self._file.closed

    def close(self):
        """Closes the file."""
        self._file.close()
        if self._close and self._inner is not None:
            self._inner.close()

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._file, name)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, traceback):
        self.close()

    def __iter__(self):
        return self

    def __next__(self):
        line = self._file.readline()
        if not line:
            raise StopIteration
        return line

    next = __next__

    def __repr__(self):
        return f"<{type(self).__name__} {self._file!r}>"


class FileObjectThread(FileObjectPosix):
    """The same: no threads are needed."""


class FileObjectBlock(FileObjectPosix):
    """The same."""


FileObject = FileObjectPosix
