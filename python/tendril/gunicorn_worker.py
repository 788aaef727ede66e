# SPDX-License-Identifier: MIT
"""A worker class for gunicorn, which serves by the HTTP server in C++:

    gunicorn -k tendril.gunicorn_worker.TendrilWorker module:application

Threads, sleeps, sockets and database drivers of the application cooperate, as after tendril.patch(). Limits, logs,
TLS and the rest are gunicorn's settings; its hooks pre_request and post_request are not called.
"""

import os
import sys

from gunicorn.workers.base import Worker

import tendril
from tendril import serve_settings, wsgi


class TendrilWorker(Worker):
    """See the module."""

    def init_process(self):
        """Makes what blocks cooperative, imports the application, and runs. Does not return before the worker's end."""
        tendril.patch()
        self._stop = tendril.Event()
        super().init_process()

    def handle_exit(self, sig, frame):
        """SIGTERM: a graceful end."""
        self.alive = False
        self._stop.set()

    def handle_quit(self, sig, frame):
        """SIGINT, SIGQUIT: a quick one."""
        self.alive = False
        self.cfg.set("graceful_timeout", 0)
        self._stop.set()

    def handle_usr1(self, sig, frame):
        """SIGUSR1: the log files are opened again."""
        super().handle_usr1(sig, frame)
        access = self._access_log()
        if access is not None and access > 2:
            os.dup2(access, self._access_fd, inheritable=False)
            os.close(access)

    def run(self):
        """Serves until gunicorn tells it to end, it has answered max_requests, or gunicorn has gone."""
        self._access_fd = self._access_log()
        servers = [wsgi.Server(each.sock.fileno(), self.wsgi, errors=_Errors(self.log), report=self._report,
                               **self._options()) for each in self.sockets]
        for each in servers:
            each.start()
        while self.alive and all(each.is_running for each in servers):
            self.notify()
            if self.ppid != os.getppid():
                self.log.info("Parent changed, shutting down: %s", self)
                break
            self._stop.wait(1 if self.timeout == 0 else min(1, self.timeout / 2))
        self.alive = False
        ends = [tendril.spawn(each.stop, self.cfg.graceful_timeout) for each in servers]
        while not all(each.ready() for each in ends):
            self.notify()
            tendril.sleep(0.05)

    def _report(self, environ, error):
        self.log.error("Error handling request %s", environ.get("RAW_URI"),
                       exc_info=(type(error), error, error.__traceback__))
        return "Internal Server Error\n"

    def _access_log(self):
        path = self.cfg.accesslog
        if not path:
            return None
        return 1 if path == "-" else os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)

    def _options(self):
        cfg = self.cfg
        options = dict(
            concurrency=cfg.worker_connections, keep_alive=cfg.keepalive > 0, idle_timeout=cfg.keepalive or 1,
            max_request_line=cfg.limit_request_line or None, max_header_count=cfg.limit_request_fields,
            proxy_protocol=cfg.proxy_protocol, drain=cfg.graceful_timeout, access_log_fd=self._access_fd,
            access_log_format=serve_settings.log_format(cfg.access_log_format),
            trusted_proxies=_trusted(cfg.forwarded_allow_ips), environ={
                "wsgi.multiprocess": cfg.workers > 1, "SERVER_SOFTWARE": "gunicorn (tendril)",
                "SCRIPT_NAME": os.environ.get("SCRIPT_NAME", "")})
        if cfg.workers > 1:
            options["max_accept"] = 1
        if self.max_requests < sys.maxsize:
            options["max_requests"] = self.max_requests
        if cfg.proxy_protocol:
            options["proxy_sources"] = _trusted(cfg.proxy_allow_ips)
        if cfg.is_ssl:
            options.update(certfile=cfg.certfile, keyfile=cfg.keyfile, ca_certs=cfg.ca_certs,
                           cert_reqs=int(cfg.cert_reqs), ciphers=cfg.ciphers)
        return options


def _trusted(addresses):
    return ["0.0.0.0/0", "::/0", "unix:"] if "*" in addresses else [*addresses, "unix:"]


class _Errors:
    """wsgi.errors: gunicorn's error log."""

    def __init__(self, log):
        self._log = log

    def write(self, text):
        for line in text.rstrip("\n").splitlines():
            self._log.error("%s", line)
        return len(text)

    def writelines(self, lines):
        for line in lines:
            self.write(line)

    def flush(self):
        pass
