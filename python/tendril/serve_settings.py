# SPDX-License-Identifier: MIT
"""The settings of `tendril serve`: gunicorn's names where they mean the same, and a few of our own.

Later ones win: the defaults, --config's file, GUNICORN_CMD_ARGS, TENDRIL_CMD_ARGS, the command line.
"""

import argparse
import os
import re
import shlex
import sys

BOOL = "bool"


class SettingsError(Exception):
    """A setting that does not exist or makes no sense."""


def _seconds(text):
    value = float(text)
    return None if value == 0 else value


def _networks(text):
    networks = [each.strip() for each in text.split(",") if each.strip()] if isinstance(text, str) else list(text)
    return ["0.0.0.0/0", "::/0", "unix:"] if "*" in networks else networks


def _octal(text):
    return text if isinstance(text, int) else int(text, 0 if text.startswith("0x") else 8)


# name: (flags, type, default, help). A list type: may be given several times.
SETTINGS = {
    "bind": (["-b", "--bind"], list, None, "where to listen: HOST:PORT, unix:PATH or fd://N; may be repeated"),
    "workers": (["-w", "--workers"], int, None, "processes; 0: no supervisor (default: WEB_CONCURRENCY, or 1)"),
    "worker_connections": (["--worker-connections"], int, 1000, "connections of each worker"),
    "backlog": (["--backlog"], int, 2048, "connections that may wait to be accepted"),
    "timeout": (["-t", "--timeout"], int, 30, "seconds after which a worker that lets no green thread run is killed; "
                                              "0: never"),
    "graceful_timeout": (["--graceful-timeout"], int, 30, "seconds that requests have to end at a stop"),
    "keepalive": (["--keep-alive"], float, 60.0, "seconds to wait for the next request of a connection; 0: do not"),
    "max_requests": (["--max-requests"], int, 0, "requests after which a worker is replaced; 0: never"),
    "max_requests_jitter": (["--max-requests-jitter"], int, 0, "adds a random number up to this one to them"),
    "limit_request_line": (["--limit-request-line"], int, 8190, "bytes of the first line of a request"),
    "limit_request_fields": (["--limit-request-fields"], int, 200, "header fields of a request"),
    "limit_request_head": (["--limit-request-head"], int, 65536, "bytes of all header fields of a request"),
    "limit_request_body": (["--limit-request-body"], int, 0, "bytes of a request's body; 0: no limit"),
    "header_timeout": (["--header-timeout"], _seconds, 20.0, "seconds for the head of a request; 0: no limit"),
    "body_timeout": (["--body-timeout"], _seconds, 60.0, "seconds for each piece of a request's body"),
    "write_timeout": (["--write-timeout"], _seconds, 60.0, "seconds for a client to take 256 KiB"),
    "accesslog": (["--access-logfile"], str, None, "file for a line for each request; -: standard output"),
    "access_log_format": (["--access-logformat"], str, '%(h)s %(l)s %(u)s %(t)s "%(r)s" %(s)s %(b)s "%(f)s" "%(a)s"',
                          "what the line has"),
    "errorlog": (["--error-logfile", "--log-file"], str, "-", "file for what goes wrong; -: standard error"),
    "loglevel": (["--log-level"], str, "info", "debug, info, warning, error or critical"),
    "certfile": (["--certfile"], str, None, "certificate: serve TLS"),
    "keyfile": (["--keyfile"], str, None, "its key"),
    "ca_certs": (["--ca-certs"], str, None, "authorities of clients' certificates"),
    "cert_reqs": (["--cert-reqs"], int, 0, "0: ask for no client certificate, 1: it may have one, 2: it must"),
    "ciphers": (["--ciphers"], str, None, "ciphers of TLS 1.2"),
    "proxy_protocol": (["--proxy-protocol"], BOOL, False, "connections begin with a header of the PROXY protocol"),
    "proxy_allow_ips": (["--proxy-allow-from"], _networks, None, "only those of these networks do; *: all"),
    "forwarded_allow_ips": (["--forwarded-allow-ips"], _networks, None,
                            "networks of proxies whose X-Forwarded-Proto is believed (default: this computer)"),
    "static": (["--static"], list, None, "/PREFIX/=FOLDER: serve the files of a folder"),
    "compress": (["--compress"], BOOL, False, "gzip for clients that accept it"),
    "debug": (["--debug"], BOOL, False, "clients see tracebacks"),
    "reload": (["--reload"], BOOL, False, "start again when a file of the program changes"),
    "patch": (["--no-patch"], "not", True, "do not make what blocks cooperative"),
    "preload_app": (["--preload"], BOOL, False, "import the application before the workers are forked"),
    "chdir": (["--chdir"], str, None, "the folder to run in"),
    "pythonpath": (["--pythonpath"], str, None, "more folders to import from, separated by commas"),
    "raw_env": (["-e", "--env"], list, None, "NAME=VALUE: a variable of the environment"),
    "daemon": (["-D", "--daemon"], BOOL, False, "run in the background"),
    "pidfile": (["-p", "--pid"], str, None, "file for the number of the process"),
    "user": (["-u", "--user"], str, None, "user of the workers"),
    "group": (["-g", "--group"], str, None, "group of the workers"),
    "umask": (["-m", "--umask"], _octal, None, "umask of the workers"),
    "proc_name": (["-n", "--name"], str, None, "ignored"),
    "reuse_port": (["--reuse-port"], BOOL, False, "let other programs listen there, too"),
    "stack_size": (["--stack-size"], int, 1 << 20, "bytes of a connection's stack"),
    "check_config": (["--check-config"], BOOL, False, "only import the application"),
    "wsgi_app": ([], str, None, ""),
}

# Settings of gunicorn that need nothing here, or nothing that could be done.
WITHOUT_EFFECT = {"worker_class", "threads", "worker_tmp_dir", "sendfile", "secure_scheme_headers", "enable_stdio_inheritance",
                  "limit_request_field_size", "logconfig", "logconfig_dict", "logger_class", "capture_output",
                  "disable_redirect_access_to_syslog", "default_proc_name", "ssl_version", "do_handshake_on_connect",
                  "suppress_ragged_eofs", "tmp_upload_dir", "reload_engine", "reload_extra_files", "strip_header_spaces"}


class Settings:
    """One attribute for each of SETTINGS."""

    def __init__(self):
        for name, (_, _, default, _) in SETTINGS.items():
            setattr(self, name, default)
        self.application = None


def _parser():
    parser = argparse.ArgumentParser(prog="tendril serve", usage="tendril serve [options] module:application",
                                     description="Serves a WSGI application over HTTP.", allow_abbrev=False)
    parser.add_argument("application", nargs="?", help="module:name, or module:function() that makes it")
    parser.add_argument("-c", "--config", help="a Python file that sets these names")
    for name, (flags, kind, _, text) in SETTINGS.items():
        if not flags:
            continue
        if kind in (BOOL, "not"):
            parser.add_argument(*flags, dest=name, action="store_const", const=kind is BOOL, help=text)
        elif kind is list:
            parser.add_argument(*flags, dest=name, action="append", help=text)
        else:
            parser.add_argument(*flags, dest=name, type=kind, help=text)
    return parser


def _apply(settings, given):
    for name, value in vars(given).items():
        if value is not None and name != "config":
            setattr(settings, name, value)


def _convert(name, value):
    kind = SETTINGS[name][1]
    if value is None or kind in (BOOL, "not"):
        return value
    try:
        if kind is list:
            return [value] if isinstance(value, str) else list(value)
        return kind(value) if isinstance(value, str) or kind is _networks else value
    except ValueError as error:
        raise SettingsError(f"the setting {name}: {error}") from None


def _read_file(path, settings, warn):
    path = path.removeprefix("file:")
    names = {"__file__": path, "__name__": "__config__"}
    try:
        with open(path, "rb") as file:
            exec(compile(file.read(), path, "exec"), names)
    except OSError as error:
        raise SettingsError(f"cannot read the configuration {path}: {error.strerror}") from None
    for name, value in names.items():
        if name in SETTINGS:
            setattr(settings, name, _convert(name, value))
        elif name in WITHOUT_EFFECT or (callable(value) and re.match(r"(pre|post|on|when|worker|child|nworkers)_", name)):
            warn(f"the setting {name} has no effect here")


def read(arguments, environment=None, warn=lambda text: sys.stderr.write(f"tendril serve: {text}\n")):
    """The Settings of a command line. Raises SettingsError; SystemExit for --help and bad options, as argparse does."""
    environment = os.environ if environment is None else environment
    parser = _parser()
    command_line = parser.parse_args(arguments)
    from_variables = [parser.parse_args(shlex.split(environment.get(name, "")))
                      for name in ("GUNICORN_CMD_ARGS", "TENDRIL_CMD_ARGS")]
    settings = Settings()
    config = next((each.config for each in [command_line, *reversed(from_variables)] if each.config), None)
    if config:
        _read_file(config, settings, warn)
    for each in (*from_variables, command_line):
        _apply(settings, each)
    settings.application = settings.application or settings.wsgi_app
    _complete(settings, environment)
    return settings


def _complete(settings, environment):
    if settings.application is None:
        raise SettingsError("no application is named: tendril serve module:application")
    if settings.workers is None:
        settings.workers = int(environment.get("WEB_CONCURRENCY", 1))
    if not settings.bind:
        settings.bind = [f"0.0.0.0:{environment['PORT']}" if "PORT" in environment else "127.0.0.1:8000"]
    settings.bind = [at for each in settings.bind for at in each.split(",")]
    if settings.forwarded_allow_ips is None:
        settings.forwarded_allow_ips = _networks(environment.get("FORWARDED_ALLOW_IPS", "127.0.0.1,::1,unix:"))
    if settings.workers < 0:
        raise SettingsError("the setting workers: a number from 0 on is needed")
    if settings.keyfile and not settings.certfile:
        raise SettingsError("the setting keyfile: a key without a certfile")
    settings.static = dict(_folder(each) for each in settings.static or ())
    for each in settings.raw_env or ():
        if "=" not in each:
            raise SettingsError(f"the setting raw_env: {each!r} is not NAME=VALUE")
    log_format(settings.access_log_format)


def _folder(text):
    prefix, is_there, folder = text.partition("=")
    if not is_there:
        raise SettingsError(f"the setting static: {text!r} is not /PREFIX/=FOLDER")
    return "/" + prefix.strip("/") + "/" if prefix.strip("/") else "/", folder


ATOMS = {"h": "{client_ip}", "l": "-", "u": "-", "t": "[{date_time}]", "r": "{request_line}", "s": "{status_code}",
         "b": "{body_length}", "B": "{body_length}", "f": "{referer}", "a": "{user_agent}", "L": "{wall_seconds}"}


def log_format(text):
    """gunicorn's access_log_format in the server's terms. Raises SettingsError for an atom that there is not."""
    def atom(found):
        name = found[1]
        if name not in ATOMS:
            raise SettingsError(f"the setting access_log_format: there is no %({name})s; there are "
                                + ", ".join(f"%({each})s" for each in ATOMS))
        return ATOMS[name]
    if "%(" not in text:
        return text
    return re.sub(r"%\(([^)]*)\)s", atom, text)


def server_options(settings, access_log_fd, error_log_fd):
    """The options of tendril.wsgi.Server."""
    options = dict(
        concurrency=settings.worker_connections, idle_timeout=settings.keepalive or 1.0,
        keep_alive=settings.keepalive > 0, max_request_line=settings.limit_request_line or None,
        max_header_count=settings.limit_request_fields, max_header_bytes=settings.limit_request_head,
        max_body=settings.limit_request_body or None, header_timeout=settings.header_timeout,
        body_timeout=settings.body_timeout, write_timeout=settings.write_timeout, compression=settings.compress,
        proxy_protocol=settings.proxy_protocol, trusted_proxies=settings.forwarded_allow_ips, static=settings.static,
        stack_size=settings.stack_size, access_log_fd=access_log_fd, error_log_fd=error_log_fd, debug=settings.debug,
        access_log_format=log_format(settings.access_log_format), drain=settings.graceful_timeout,
        environ={"wsgi.multiprocess": settings.workers > 1})
    if settings.workers > 1:
        options["max_accept"] = 1  # so that all of them get their part
    if settings.proxy_allow_ips:
        options["proxy_sources"] = settings.proxy_allow_ips
    for name in ("certfile", "keyfile", "ca_certs", "ciphers"):
        if getattr(settings, name):
            options[name] = getattr(settings, name)
    if settings.cert_reqs:
        options["cert_reqs"] = int(settings.cert_reqs)
    return options
