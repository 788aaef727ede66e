# SPDX-License-Identifier: MIT
"""Small helpers that eventlet's users import."""

import contextlib
import sys


def get_errno(exc):
    """The number of an OSError, or None."""
    if getattr(exc, "errno", None) is not None:
        return exc.errno
    return exc.args[0] if exc.args and isinstance(exc.args[0], int) else None


def bytes_to_str(b, encoding="ascii"):
    """Decodes bytes."""
    return b.decode(encoding)


def safe_writelines(fd, to_write):
    """Writes each of them."""
    for item in to_write:
        fd.write(item)


PY33 = False


def clear_sys_exc_info():
    """Does nothing: Python 3 clears it."""


@contextlib.contextmanager
def capture_stderr():
    """Collects what is written to sys.stderr meanwhile."""
    import io
    stream = io.StringIO()
    before, sys.stderr = sys.stderr, stream
    try:
        yield stream
    finally:
        sys.stderr = before
        stream.seek(0)
