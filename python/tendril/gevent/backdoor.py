# SPDX-License-Identifier: MIT
"""gevent.backdoor: BackdoorServer, an interpreter for each connection."""

import code
import sys

from tendril.gevent.server import StreamServer

__all__ = ["BackdoorServer"]


class BackdoorServer(StreamServer):
    """Gives each connection an interpreter with the names in `locals`. Whoever can connect can do anything: listen on
    loopback only.
    """

    def __init__(self, listener, locals=None, banner=None, **server_args):
        super().__init__(listener, spawn=server_args.pop("spawn", "default"), **server_args)
        self.locals = locals
        self.banner = banner

    def handle(self, conn, address):
        """Reads lines and answers, until exit()."""
        file = conn.makefile("rw", encoding="utf-8", errors="replace")
        names = dict(self.locals or ())
        names.setdefault("__builtins__", __builtins__)
        console = _Console(names, file)
        try:
            console.interact(self.banner, exitmsg="")
        except (SystemExit, OSError):
            pass
        finally:
            try:
                file.close()
            except OSError:
                pass


class _Console(code.InteractiveConsole):

    def __init__(self, names, file):
        super().__init__(names)
        self.file = file
        names["exit"] = names["quit"] = sys.exit

    def write(self, data):
        self.file.write(data)
        self.file.flush()

    def raw_input(self, prompt=""):
        self.write(prompt)
        line = self.file.readline()
        if not line:
            raise EOFError
        return line.rstrip("\r\n")

    def runcode(self, compiled):
        from contextlib import redirect_stdout
        with redirect_stdout(self.file):
            super().runcode(compiled)
        self.file.flush()
