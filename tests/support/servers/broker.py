#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""One RabbitMQ on loopback, for tests that kill it, stop it and start it again.

It says `ready <port> <port for TLS> <folder>` once it answers, then does what the lines of its standard input say, and
answers each by `ok` with what there is to tell, or `error` and why:

    kill                SIGKILL
    pause, continue     SIGSTOP and SIGCONT
    start               starts it again, on the same ports and with its data, and waits until it answers
    erl <expression>    has the broker evaluate it; tells the value

In the folder are ca.crt, client.crt and client.key: the broker trusts that certificate, whose name "client" is a user's.
It all ends with the standard input. Exit status: 77 if RabbitMQ is not installed.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import guard
import servers

SKIPPED = 77
ADD_CLIENT = (
    'ok = rabbit_auth_backend_internal:add_user(<<"client">>, <<"unused">>, <<"tests">>),'
    ' rabbit_auth_backend_internal:set_permissions('
    '<<"client">>, <<"/">>, <<".*">>, <<".*">>, <<".*">>, <<"tests">>)'
)

LOADED_MODULES = 'lists:flatten(lists:join(" ", [atom_to_list(M) || {M, File} <- code:all_loaded(), is_list(File)]))'


class Broker(servers.RabbitMQ):
    ports = 4
    plugins = ["rabbitmq_auth_mechanism_ssl"]
    more_settings = (
        "listeners.ssl.default = 127.0.0.1:{run.ports[3]}\n"
        "ssl_options.cacertfile = {run.folder}/ca.crt\n"
        "ssl_options.certfile = {run.folder}/server.crt\n"
        "ssl_options.keyfile = {run.folder}/server.key\n"
        "ssl_options.verify = verify_peer\n"
        "ssl_options.fail_if_no_peer_cert = false\n"
        "ssl_cert_login_from = common_name\n"
        "auth_mechanisms.1 = PLAIN\nauth_mechanisms.2 = AMQPLAIN\nauth_mechanisms.3 = EXTERNAL\n"
    )
    modules = ""  # that the broker has loaded while it ran

    @classmethod
    def variables(cls, run):
        variables = super().variables(run)
        if cls.modules:
            # Erlang copies its tables of exports for each module that it loads by itself, when it is first called. Here
            # all come at once, before RabbitMQ: of 5 s CPU of a start this saves more than one. The script puts the
            # variable behind "-s", and what is no such module is passed over.
            variables["RABBITMQ_BOOT_MODULE"] = f"code ensure_modules_loaded {cls.modules} -s rabbit"
        return variables

    @classmethod
    def start(cls, run):
        certificates(run)
        super().start(run)


def certificates(run):
    """Makes an authority, and by it the broker's certificate and a client's."""

    def request(name, *more):
        path = os.path.join(run.folder, name)
        key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", path + ".key"]
        run.call(["openssl", "req", *key, "-subj", f"/CN={name}", *more])
        os.chmod(path + ".key", 0o600)

    request("ca", "-x509", "-days", "30", "-out", "ca.crt")
    for name, names in (("server", "DNS:localhost,IP:127.0.0.1"), ("client", "DNS:client")):
        request(name, "-new", "-addext", f"subjectAltName={names}", "-out", f"{name}.csr")
        sign = ["-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-copy_extensions", "copy"]
        run.call(["openssl", "x509", "-req", "-days", "30", "-in", f"{name}.csr", *sign, "-out", f"{name}.crt"])


def until_ready(run):
    give_up = time.monotonic() + servers.PATIENCE
    while not Broker.ready(run):
        if run.processes[-1].poll() is not None or time.monotonic() > give_up:
            raise servers.DoesNotStart(f"the broker does not start:\n{run.told()}")
        time.sleep(0.02)


def evaluate(run, expression):
    """Has the broker evaluate it. rabbitmqctl would start an Erlang machine each time: seconds on a busy processor."""
    done = subprocess.run(
        ["erl_call", "-sname", f"tendril{run.port}@localhost", "-e"],
        env={**os.environ, **Broker.variables(run)},
        input=expression + ".\n",
        capture_output=True,
        text=True,
        check=False,
        **run.identity,
    )
    said = done.stdout.strip()
    if done.returncode != 0 or not said.startswith("{ok, "):
        raise servers.DoesNotStart(f"{expression}: {said} {done.stderr.strip()}")
    return said[len("{ok, ") : -1]


def obey(run, order, arguments):
    """Returns what there is to tell."""
    broker = run.processes[-1]
    if order == "kill":
        guard.kill_session(broker.pid)
        broker.wait()
    elif order in ("pause", "continue"):
        os.killpg(broker.pid, signal.SIGSTOP if order == "pause" else signal.SIGCONT)
    elif order == "start":
        Broker.serve(run)
        until_ready(run)
    elif order == "erl":
        return evaluate(run, arguments)
    else:
        raise servers.DoesNotStart(f"no such order: {order}")
    return ""


def one_line(text):
    return " | ".join(str(text).split("\n"))[:2000]


def main():
    if missing := [one for one in Broker.needs + ["erl_call", "openssl"] if not shutil.which(one)]:
        print(f"skipped, this machine has no {' '.join(missing)}", flush=True)
        return SKIPPED
    folder = tempfile.mkdtemp(prefix="tendril-broker-")
    os.chmod(folder, 0o755)
    guardian = guard.Guard(folder)
    try:
        # A port may be taken meanwhile: then once more, on others.
        for attempt in range(3):
            run = servers.Run(Broker, folder, guardian)
            Broker.start(run)
            try:
                until_ready(run)
                break
            except servers.DoesNotStart:
                obey(run, "kill", "")  # one that is merely slow has the folder, too
                if attempt == 2:
                    raise
        evaluate(run, ADD_CLIENT)
        Broker.modules = evaluate(run, LOADED_MODULES).strip('"')
        print("ready", run.port, run.ports[3], run.folder, flush=True)
        for line in sys.stdin:
            order, _, arguments = line.strip().partition(" ")
            try:
                print("ok", one_line(obey(run, order, arguments)), flush=True)
            except servers.DoesNotStart as error:
                print("error", one_line(error), flush=True)
        return 0
    except servers.DoesNotStart as error:
        print("error", one_line(error), flush=True)
        return 1
    finally:
        guardian.end()


if __name__ == "__main__":
    sys.exit(main())
