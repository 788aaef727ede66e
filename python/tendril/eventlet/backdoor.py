# SPDX-License-Identifier: MIT
"""An interpreter behind a socket."""

import code
import contextlib
import socket
import sys

from tendril import unpreempted
from tendril.eventlet import greenthread

__all__ = ["backdoor", "backdoor_server"]


_help = 'Type "help", "copyright", "credits" or "license" for more information.'


class _Console(code.InteractiveConsole):
    """Reads from and writes to a file, and prints there what its commands print."""

    def __init__(self, file, names):
        super().__init__(names)
        self.file = file

    def raw_input(self, prompt=""):
        self.write(prompt)
        line = self.file.readline()
        if not line:
            raise EOFError
        return line.rstrip("\r\n")

    def write(self, data):
        with contextlib.suppress(BrokenPipeError):
            self.file.write(data)
            self.file.flush()

    def runcode(self, compiled):
        with contextlib.redirect_stdout(self), contextlib.redirect_stderr(self):
            super().runcode(compiled)

    def flush(self):
        """Does nothing: write() does."""


def _name(family, address):
    return f"{address[0]}:{address[1]}" if family in (socket.AF_INET, socket.AF_INET6) else str(address or "a socket")


def backdoor_server(sock, locals=None):
    """Gives each that connects an interpreter with these names. Never returns; closes the socket at its end."""
    unpreempted.patch()
    print(f"backdoor server listening on {_name(sock.family, sock.getsockname())}")
    try:
        while True:
            conn = sock.accept()
            try:
                backdoor(conn, locals)
            except BrokenPipeError:
                pass
            finally:
                conn[0].close()
    finally:
        sock.close()


def backdoor(conn_info, locals=None):
    """Serves one connection, (socket, address), in a green thread."""
    unpreempted.patch()
    conn, addr = conn_info
    name = _name(conn.family, addr)
    print(f"backdoor to {name}")
    file = conn.makefile("rw", newline="\n")

    def run():
        try:
            banner = f"Python {sys.version} on {sys.platform}\n{_help}\n(InteractiveConsole)"
            _Console(file, dict(locals) if locals else {"__name__": "__console__"}).interact(banner, "")
        except (SystemExit, OSError):
            pass
        finally:
            with contextlib.suppress(OSError):
                file.close()
            print(f"backdoor closed to {name}")

    greenthread.spawn_n(run)
