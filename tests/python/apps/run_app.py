#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Runs a program of this folder beside the servers that it needs, and compares what it prints:

    run_app.py NAME          NAME.py under tendril.patch(), against NAME.expected
    run_app.py NAME plain    as it is, with threads of the system's

Exit status: 0 where they are equal, 1 otherwise, 77 where a package or a server is not installed.
"""

import difflib
import importlib.util
import os
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
WITH_SERVER = os.path.join(HERE, "..", "..", "support", "servers", "with_server.py")
SKIPPED = 77
PATIENCE = 100  # seconds

# name: (servers, packages and programs, arguments)
APPS = {
    "c_callbacks": ([], [], []),
    "django_mariadb": (["mariadb"], ["django", "MySQLdb"], ["mariadb"]),
    "django_postgres": (["postgres"], ["django", "psycopg2"], ["postgres"]),
    "event_loops": ([], [], []),
    "executors": ([], [], []),
    "flask_site": ([], ["flask"], []),
    "greenlets": ([], ["greenlet", "gevent"], []),
    "http_clients": (["slow_http"], ["requests"], []),
    "mariadb": (["mariadb"], ["MySQLdb"], []),
    "paramiko_shell": ([], ["paramiko"], []),
    "postgres": (["postgres"], ["psycopg2"], []),
    "processes": ([], [], []),
    "rabbitmq": (["rabbitmq"], ["pika"], []),
    "redis_client": (["redis"], ["redis"], []),
    "sqlalchemy_engines": (["postgres"], ["sqlalchemy", "greenlet", "psycopg2"], []),
    "sqlite": ([], [], []),
    "threading_server": ([], [], []),
    "tls": ([], ["/openssl"], []),
}


def missing(need):
    """Returns whether it is not installed: a package, or a program after a slash."""
    return shutil.which(need[1:]) is None if need[0] == "/" else importlib.util.find_spec(need) is None


def run(name, mode):
    """Runs one program. Returns the exit status."""
    servers, needs, arguments = APPS[name]
    sys.path.remove(HERE)  # where sqlite.py and others would be found for packages
    for need in filter(missing, needs):
        print(f"run_app.py: skipped, this machine has no {need.strip('/')} for {sys.executable}")
        return SKIPPED
    program = "django_site" if name.startswith("django_") else name
    command = [sys.executable, "-B", os.path.join(HERE, program + ".py"), *arguments]
    if servers:
        command = [sys.executable, "-B", WITH_SERVER, *servers, "--", *command]
    environment = {**os.environ, **({"TENDRIL_APPS_AS_THEY_ARE": "1"} if mode == "plain" else {})}
    done = subprocess.run(
        command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, timeout=PATIENCE
    )
    if done.returncode == SKIPPED:
        print(done.stdout, end="")
        return SKIPPED
    with open(os.path.join(HERE, program + ".expected"), encoding="utf-8") as file:
        expected = file.read()
    if done.stdout == expected and done.returncode == 0:
        return 0
    print(f"{program}.py ended with {done.returncode}; its output, and what was expected:")
    lines = difflib.unified_diff(expected.splitlines(True), done.stdout.splitlines(True), "expected", "printed")
    print("".join(lines), end="")
    return 1


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3) or sys.argv[1] not in APPS or sys.argv[2:] not in ([], ["plain"]):
        sys.exit(__doc__)
    sys.exit(run(sys.argv[1], "".join(sys.argv[2:]) or "patched"))
