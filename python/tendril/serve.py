# SPDX-License-Identifier: MIT
"""tendril serve module:application: serves a WSGI application by the HTTP server in C++."""

import ast
import importlib
import os
import random
import signal
import sys
import time
import traceback

import tendril
from tendril import serve_settings, wsgi
from tendril.supervisor import NOT_LOADED, Heartbeat, Supervisor

LEVELS = ["debug", "info", "warning", "error", "critical"]


class LoadError(Exception):
    """The application cannot be imported, or is none."""


def load(name):
    """The application that "module:name" or "module:function(arguments)" means; "module" alone: its `application`.

    Raises LoadError that says what is wrong; what the module itself raises.
    """
    module_name, _, expression = name.partition(":")
    expression = expression or "application"
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name and (module_name == error.name or module_name.startswith(error.name + ".")):
            hint = f"; a module is named without .py: {name.replace('.py', '', 1)}" if module_name.endswith(".py") else ""
            raise LoadError(f"there is no module {module_name!r} in {os.getcwd()} or sys.path{hint}") from None
        raise
    try:
        parsed = ast.parse(expression, mode="eval").body
        arguments, keywords, made = [], {}, isinstance(parsed, ast.Call)
        if made:
            arguments = [ast.literal_eval(each) for each in parsed.args]
            keywords = {each.arg: ast.literal_eval(each.value) for each in parsed.keywords}
            parsed = parsed.func
        found = module
        for part in ast.unparse(parsed).split("."):
            found = getattr(found, part)
    except (SyntaxError, ValueError):
        raise LoadError(f"{expression!r} is neither a name nor a call with constants") from None
    except AttributeError:
        raise LoadError(f"the module {module_name!r} has no {expression!r}") from None
    if made:
        found = found(*arguments, **keywords)
    if not callable(found):
        raise LoadError(f"{name} is not callable, so it is no WSGI application: {found!r}")
    return found


class Log:
    """The error log: lines with time, process and level; and the files of both logs."""

    def __init__(self, settings):
        self._least = LEVELS.index(settings.loglevel.lower()) if settings.loglevel.lower() in LEVELS else 1
        self._paths = [settings.errorlog, settings.accesslog]
        self.error_fd = 2 if settings.errorlog == "-" else _append(settings.errorlog)
        self.access_fd = None
        if settings.accesslog:
            self.access_fd = 1 if settings.accesslog == "-" else _append(settings.accesslog)

    def __call__(self, level, text):
        if LEVELS.index(level) >= self._least:
            now = time.strftime("%Y-%m-%d %H:%M:%S %z")
            os.write(self.error_fd, f"[{now}] [{os.getpid()}] [{level.upper()}] {text}\n".encode())

    def reopen(self):
        """Opens the files again, under the same numbers: they may have been renamed."""
        for path, fd in zip(self._paths, (self.error_fd, self.access_fd)):
            if path and path != "-" and fd is not None:
                fresh = _append(path)
                os.dup2(fresh, fd, inheritable=False)
                os.close(fresh)

    def stream(self):
        """For wsgi.errors."""
        return sys.stderr if self.error_fd == 2 else open(self.error_fd, "w", buffering=1, closefd=False)


def _append(path):
    try:
        return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    except OSError as error:
        raise serve_settings.SettingsError(f"cannot write the log {path}: {error.strerror}") from None


class Sources:
    """The files of the modules that are loaded."""

    def __init__(self):
        self._times = {}
        self.changed()

    def changed(self):
        """The name of a file that has changed since the last call, or None."""
        found = None
        for module in list(sys.modules.values()):
            path = getattr(module, "__file__", None)
            if not path or not path.endswith(".py"):
                continue
            try:
                now = os.stat(path).st_mtime_ns
            except OSError:
                continue
            if self._times.setdefault(path, now) != now:
                self._times[path] = now
                found = path
        return found


class Announcement:
    """What the first process that serves logs, whichever of them that is: where the server listens."""

    def __init__(self, settings, listeners, log):
        scheme = "https" if settings.certfile else "http"
        names = [each.getsockname() for each in listeners]
        self._lines = [f"listening at {f'unix:{at}' if isinstance(at, str) else f'{scheme}://{_at(at)}'}" for at in names]
        self._log = log
        self._token = os.eventfd(1, os.EFD_CLOEXEC | os.EFD_NONBLOCK)  # the processes' own: one of them gets it

    def make(self):
        """Logs it, unless that was done."""
        try:
            os.eventfd_read(self._token)
        except BlockingIOError:
            return
        for line in self._lines:
            self._log("info", line)


class Worker:
    """One process that serves."""

    def __init__(self, settings, listeners, log, application=None):
        self._settings = settings
        self._listeners = listeners
        self._announcement = Announcement(settings, listeners, log)
        self._log = log
        self._application = application
        self._drain = None
        self._stop = None

    def run(self, heartbeat):
        """Serves until a signal or the number of requests ends it. Returns its status."""
        settings = self._settings
        drop_rights(settings)
        self._stop = tendril.Event()
        for number, drain in ((signal.SIGTERM, settings.graceful_timeout), (signal.SIGINT, 0), (signal.SIGQUIT, 0)):
            signal.signal(number, lambda *_, drain=drain: self._end(drain))
        signal.signal(signal.SIGUSR1, lambda *_: self._log.reopen())
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signal.signal(signal.SIGABRT, signal.SIG_DFL)
        sources = None
        try:
            if self._application is None:
                self._application = prepare(settings)
            sources = Sources() if settings.reload else None
            servers = self._serve()
        except Exception as error:
            report_load(self._log, error)
            if not settings.reload:
                return NOT_LOADED
            return self._await_change(heartbeat)
        heartbeat.beat(ready=True)
        self._announcement.make()
        while not self._stop.wait(0.25) and all(each.is_running for each in servers):
            heartbeat.beat(ready=True)
            changed = sources.changed() if sources is not None else None
            if changed:
                self._log("info", f"{changed} has changed: reloading")
                break
        drain = settings.graceful_timeout if self._drain is None else self._drain
        ends = [tendril.spawn(each.stop, drain) for each in servers]
        while not all(each.ready() for each in ends):
            heartbeat.beat(ready=True)
            self._stop.clear()
            self._stop.wait(0.1)
            if self._drain == 0 and drain != 0:
                break
        sys.stdout.flush()
        return 0

    def _serve(self):
        settings = self._settings
        options = serve_settings.server_options(settings, self._log.access_fd,
                                                None if self._log.error_fd == 2 else self._log.error_fd)
        if settings.max_requests:
            options["max_requests"] = settings.max_requests + random.randint(0, settings.max_requests_jitter)
        errors = self._log.stream()
        try:
            servers = [wsgi.Server(each, self._application, errors=errors, **options) for each in self._listeners]
        except (OSError, ValueError) as error:
            raise LoadError(f"cannot serve: {error}") from None
        for each in servers:
            each.start()
        return servers

    def _end(self, drain):
        self._drain = drain if self._drain is None else min(drain, self._drain)
        if self._stop is not None:
            self._stop.set()

    def _await_change(self, heartbeat):
        sources = Sources()
        folder = {path: os.stat(path).st_mtime_ns for path in _python_files(os.getcwd())}
        while not self._stop.wait(0.5) and not sources.changed():
            heartbeat.beat(ready=True)
            if any(os.stat(path).st_mtime_ns != then for path, then in folder.items() if os.path.exists(path)):
                break
        return 0


def _python_files(root):
    found = []
    for folder, folders, files in os.walk(root):
        folders[:] = [each for each in folders if not each.startswith(".")]
        found += [os.path.join(folder, each) for each in files if each.endswith(".py")]
        if len(found) > 10000:
            break
    return found


def prepare(settings):
    """Makes what blocks cooperative, unless that is not wanted, and imports the application."""
    if settings.patch:
        tendril.patch()
    return load(settings.application)


def report_load(log, error):
    """Writes why the application cannot be served."""
    if isinstance(error, LoadError):
        log("error", str(error))
    else:
        log("error", "the application cannot be imported:\n" + "".join(traceback.format_exception(error)).rstrip())


def drop_rights(settings):
    """Takes the user and group of the settings."""
    if settings.group is not None:
        import grp
        number = int(settings.group) if str(settings.group).isdigit() else grp.getgrnam(settings.group).gr_gid
        os.setgroups([])
        os.setgid(number)
    if settings.user is not None:
        import pwd
        number = int(settings.user) if str(settings.user).isdigit() else pwd.getpwnam(settings.user).pw_uid
        os.setuid(number)


def _begin(settings):
    """What is done once, before anything listens."""
    for each in settings.raw_env or ():
        name, _, value = each.partition("=")
        os.environ[name] = value
    if settings.chdir:
        os.chdir(settings.chdir)
    sys.path.insert(0, os.getcwd())
    for each in (settings.pythonpath or "").split(","):
        if each:
            sys.path.insert(0, os.path.abspath(each))


def _go_to_background():
    if os.fork():
        os._exit(0)
    os.setsid()
    if os.fork():
        os._exit(0)
    nothing = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(nothing, fd)


def _serve(settings):
    log = Log(settings)
    _begin(settings)
    if settings.check_config:
        prepare(settings)
        return 0
    if settings.umask is not None:
        os.umask(settings.umask)
    if os.environ.get("LISTEN_PID") == str(os.getpid()):  # systemd's socket activation
        settings.bind = [f"fd://{3 + i}" for i in range(int(os.environ.get("LISTEN_FDS", 0)))]
    listeners = [wsgi.listen(each, settings.backlog, settings.reuse_port) for each in settings.bind]
    if settings.daemon:
        _go_to_background()
    if settings.pidfile:
        with open(settings.pidfile, "w") as file:
            file.write(f"{os.getpid()}\n")
    try:
        application = prepare(settings) if settings.preload_app else None
        worker = Worker(settings, listeners, log, application)
        if settings.workers == 0:
            return 1 if (status := worker.run(Heartbeat())) == NOT_LOADED else status
        supervisor = Supervisor(worker.run, settings, log)
        supervisor.on_reopen = log.reopen
        return supervisor.run()
    finally:
        for path in [settings.pidfile, *(each[5:] for each in settings.bind if each.startswith("unix:"))]:
            if path and os.path.exists(path):
                os.unlink(path)


def _at(address):
    return f"[{address[0]}]:{address[1]}" if ":" in address[0] else f"{address[0]}:{address[1]}"


def main(arguments):
    """Serves. Returns the exit status: 0 after a stop, 1 for an application that cannot be served, 2 for bad options."""
    try:
        return _serve(serve_settings.read(arguments))
    except (serve_settings.SettingsError, LoadError) as error:
        sys.stderr.write(f"tendril serve: {error}\n")
    except OSError as error:
        sys.stderr.write(f"tendril serve: {error.strerror or error}\n")
    except ValueError as error:
        sys.stderr.write(f"tendril serve: {error}\n")
    return 1
