# SPDX-License-Identifier: MIT
"""gevent.pywsgi: WSGIServer, an HTTP server in Python for a WSGI application.

It is stricter than gevent's: what is not HTTP gets 400, a request's head must come within WSGIHandler.header_timeout,
answers to HEAD have no body. `tendril serve` is ten times as fast.
"""

import sys

from tendril.gevent._wsgi_environ import Environ, LoggingLogAdapter, SecureEnviron, log_of
from tendril.gevent._wsgi_handler import WSGIHandler
from tendril.gevent._wsgi_input import MAX_REQUEST_LINE, Input
from tendril.gevent.hub import get_hub
from tendril.gevent.server import StreamServer

__all__ = ["WSGIServer", "WSGIHandler", "LoggingLogAdapter", "Environ", "SecureEnviron", "WSGISecureEnviron"]

WSGISecureEnviron = SecureEnviron
assert Input and MAX_REQUEST_LINE


class WSGIServer(StreamServer):
    """Serves `application` at `listener`, one green thread for a connection; over TLS with `keyfile` and `certfile`.

    `log` and `error_log`: a file, a logger, None, or "default" for stderr. `environ`: what every request's begins with.
    """

    handler_class = WSGIHandler
    environ_class = dict  # as PEP 3333 asks for
    secure_environ_class = SecureEnviron
    base_env = {
        "GATEWAY_INTERFACE": "CGI/1.1", "SERVER_SOFTWARE": "tendril/gevent", "SCRIPT_NAME": "", "wsgi.version": (1, 0),
        "wsgi.multithread": False, "wsgi.multiprocess": False, "wsgi.run_once": False,
    }

    def __init__(self, listener, application=None, backlog=None, spawn="default", log="default", error_log="default",
                 handler_class=None, environ=None, **ssl_args):
        if application is not None:
            self.application = application
        if handler_class is not None:
            self.handler_class = handler_class
        self.log = log_of(log, 20, lambda: sys.stderr)
        self.error_log = log_of(error_log, 40, lambda: sys.stderr)
        super().__init__(listener, backlog=backlog, spawn=spawn, **ssl_args)
        self.set_environ(environ)

    @property
    def loop(self):
        return get_hub().loop

    def set_environ(self, environ=None):
        """What every request's environ begins with."""
        self.environ = {**self.base_env, "wsgi.url_scheme": "https" if self.ssl_enabled else "http",
                        "wsgi.errors": self.error_log if self.error_log is not None else sys.stderr, **(environ or {})}

    def set_max_accept(self):
        if self.environ.get("wsgi.multiprocess"):
            self.max_accept = 1

    def get_environ(self):
        """A new environ for a request."""
        return self.environ_class(self.environ)

    def init_socket(self):
        super().init_socket()
        self.update_environ()

    def update_environ(self):
        """Puts the server's name and port into the environ."""
        address = self.address
        if isinstance(address, tuple):
            self.environ.setdefault("SERVER_NAME", address[0] if address[0] not in ("", "::", "0.0.0.0") else "localhost")
            self.environ.setdefault("SERVER_PORT", str(address[1]))
        else:
            self.environ.setdefault("SERVER_NAME", "")
            self.environ.setdefault("SERVER_PORT", "")

    def handle(self, sock, address):
        """Handles a connection."""
        self.handler_class(sock, address, self).handle()


def main():
    """python3 -m gevent.pywsgi module:application [-b host:port]"""
    import argparse
    import importlib
    parser = argparse.ArgumentParser()
    parser.add_argument("app")
    parser.add_argument("-b", "--bind", default=":8080")
    options = parser.parse_args()
    module, _, name = options.app.partition(":")
    WSGIServer(options.bind, getattr(importlib.import_module(module), name or "application")).serve_forever()


if __name__ == "__main__":
    main()
