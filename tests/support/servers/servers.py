# SPDX-License-Identifier: MIT
"""The servers that with_server.py starts, each in a folder and on ports of its own, on loopback.

A server is a class with:
    needs          the programs without which it cannot be started
    user           whom it runs as when root starts it, or None
    ports          how many ports it needs
    start(run)     starts it, by the Run that it is given; it may fail because another took the port
    ready(run)     whether it answers
    environment(run)   what the command is told
"""

import os
import pwd
import random
import socket
import subprocess
import sys
import time

import guard

HERE = os.path.dirname(os.path.abspath(__file__))
PATIENCE = 200  # seconds until a server that does not answer is given up: RabbitMQ takes 40 on a full machine
os.environ["PATH"] += ":/usr/sbin:/usr/lib/rabbitmq/bin"
for version in sorted(os.listdir("/usr/lib/postgresql")) if os.path.isdir("/usr/lib/postgresql") else []:
    os.environ["PATH"] += f":/usr/lib/postgresql/{version}/bin"


class DoesNotStart(Exception):
    """A server that ended, or did not answer."""


def free_ports(count):
    """Returns ports that are free, and that the system gives to nobody by itself: where a server has ended, a client
    anywhere on the machine could get its port for a connection, and then the server does not start again."""
    with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as file:
        end = int(file.read().split()[0])
    begin = 10000
    holders = []
    while len(holders) < count:
        try:
            port = random.randrange(begin, end) if begin < end else 0
            holders.append(socket.create_server(("127.0.0.1", port)))
        except OSError:  # taken
            pass
    ports = [holder.getsockname()[1] for holder in holders]
    for holder in holders:
        holder.close()
    return ports


class Run:
    """One start of a server: its folder, its ports, and the processes that make it up."""

    def __init__(self, server, folder, guardian):
        self.server, self.guardian = server, guardian
        self.folder = os.path.join(folder, f"{server.__name__.lower()}-{time.monotonic_ns()}")
        self.log = os.path.join(self.folder, "log")
        self.processes = []
        os.mkdir(self.folder)
        self.identity = {}
        if os.getuid() == 0 and server.user:
            try:
                account = pwd.getpwnam(server.user)
                self.identity = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
                os.chown(self.folder, account.pw_uid, account.pw_gid)
            except KeyError:
                pass
        self.ports = free_ports(server.ports)
        self.port = self.ports[0]

    def spawn(self, argv, environment=None):
        """Starts what ends with with_server.py, at the latest. Returns it."""
        with open(self.log, "ab") as log:
            process = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env={**os.environ, **(environment or {})},
                start_new_session=True,
                preexec_fn=guard.end_with_parent,
                **self.identity,
            )
        self.guardian.add(process.pid)
        return process

    def serve(self, argv, environment=None):
        """Starts a process without which the server is none."""
        self.processes.append(self.spawn(argv, environment))

    def call(self, argv):
        """Runs what makes the server's files."""
        status = self.spawn(argv).wait()
        if status != 0:
            raise DoesNotStart(f"{argv[0]} ended with {status}:\n{self.told()}")

    def certificate(self):
        """Makes a certificate for localhost, signed by itself. Returns the paths of it and of its key."""
        certificate, key = os.path.join(self.folder, "server.crt"), os.path.join(self.folder, "server.key")
        curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key]
        names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
        self.call(["openssl", "req", "-x509", *curve, *names, "-days", "30", "-out", certificate])
        os.chmod(key, 0o600)
        return certificate, key

    def talk(self, send, size=1):
        """Returns what the server answers first, or nothing where it does not listen yet."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=5) as peer:
                peer.sendall(send)
                return peer.recv(size)
        except OSError:
            return b""

    def told(self):
        """Returns the end of its log."""
        with open(self.log, "rb") as log:
            return log.read()[-4000:].decode(errors="replace")


def start(server, folder, guardian):
    """Starts it on other ports when it ends at once. Returns the environment for the command."""
    for attempt in range(3):
        run = Run(server, folder, guardian)
        server.start(run)
        give_up = time.monotonic() + PATIENCE
        while all(process.poll() is None for process in run.processes):
            if server.ready(run):
                return server.environment(run)
            if time.monotonic() > give_up:
                raise DoesNotStart(f"{server.__name__} does not answer after {PATIENCE} s:\n{run.told()}")
            time.sleep(0.02)
        for process in run.processes:
            guard.kill_session(process.pid)
    raise DoesNotStart(f"{server.__name__} ended at once, on {attempt + 1} different ports:\n{run.told()}")


class Postgres:
    needs, user, ports = ["initdb", "postgres", "pg_isready", "openssl"], "postgres", 1

    @staticmethod
    def start(run):
        data = os.path.join(run.folder, "data")
        run.call(["initdb", "-D", data, "-U", "tendril", "-A", "trust", "--locale=C", "--no-sync"])
        certificate, key = run.certificate()
        options = {
            "port": run.port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "max_connections": 300,
            "shared_buffers": "16MB",
            "fsync": "off",
            "autovacuum": "off",
            "ssl": "on",
            "ssl_cert_file": certificate,
            "ssl_key_file": key,
        }
        run.serve(["postgres", "-D", data, *(f"--{name}={value}" for name, value in options.items())])

    @staticmethod
    def ready(run):
        return subprocess.run(["pg_isready", "-q", "-h", "127.0.0.1", "-p", str(run.port)], check=False).returncode == 0

    @staticmethod
    def environment(run):
        where = {"PGHOST": "127.0.0.1", "PGPORT": str(run.port), "PGUSER": "tendril", "PGDATABASE": "postgres"}
        # Encryption only where it is asked for, and then no surprise from the account of whoever runs the tests.
        none = os.path.join(run.folder, "none")
        return {**where, "PGSSLMODE": "disable", "PGGSSENCMODE": "disable", "PGPASSFILE": none, "PGSERVICEFILE": none}


class MariaDB:
    needs, user, ports = ["mariadb-install-db", "mariadbd", "openssl"], "mysql", 1

    @staticmethod
    def start(run):
        data, script = os.path.join(run.folder, "data"), os.path.join(run.folder, "users.sql")
        account = pwd.getpwuid(run.identity.get("user", os.getuid())).pw_name
        run.call(
            [
                "mariadb-install-db",
                "--no-defaults",
                f"--user={account}",
                f"--datadir={data}",
                "--auth-root-authentication-method=normal",
                "--skip-test-db",
                "--skip-name-resolve",
            ]
        )
        certificate, key = run.certificate()
        with open(script, "w", encoding="ascii") as file:
            file.write("create database tendril;\n")
            file.write("create user 'tendril'@'127.0.0.1' identified by 'tendril';\n")
            file.write("grant all on *.* to 'tendril'@'127.0.0.1';\n")
        options = {
            "user": account,
            "datadir": data,
            "port": run.port,
            "bind-address": "127.0.0.1",
            "socket": os.path.join(run.folder, "socket"),
            "pid-file": os.path.join(run.folder, "pid"),
            "max-connections": 300,
            "back-log": 300,
            "innodb-buffer-pool-size": "16M",
            "innodb-flush-log-at-trx-commit": 0,
            "init-file": script,
            "ssl-cert": certificate,
            "ssl-key": key,
            "ssl-ca": certificate,
        }
        flags = ["--skip-name-resolve", "--skip-log-bin"]
        run.serve(["mariadbd", "--no-defaults", *(f"--{name}={value}" for name, value in options.items()), *flags])

    @staticmethod
    def ready(run):
        return run.talk(b"") != b""

    @staticmethod
    def environment(run):
        account = {"TENDRIL_TEST_MARIADB_USER": "tendril", "TENDRIL_TEST_MARIADB_PASSWORD": "tendril"}
        authority = {"TENDRIL_TEST_MARIADB_CA": os.path.join(run.folder, "server.crt")}
        return {"TENDRIL_TEST_MARIADB_PORT": str(run.port), **account, **authority}


class Redis:
    needs, user, ports = ["redis-server"], "redis", 1

    @staticmethod
    def start(run):
        where = ["--port", str(run.port), "--bind", "127.0.0.1", "--dir", run.folder]
        run.serve(["redis-server", *where, "--save", "", "--appendonly", "no", "--daemonize", "no"])

    @staticmethod
    def ready(run):
        return run.talk(b"PING\r\n", 5) == b"+PONG"

    @staticmethod
    def environment(run):
        return {"TENDRIL_TEST_REDIS_PORT": str(run.port)}


class RabbitMQ:
    needs, user, ports = ["rabbitmq-server", "erl", "epmd"], "rabbitmq", 3
    more_settings, plugins = "", []  # of those that derive from this

    @classmethod
    def variables(cls, run):
        """What the broker and rabbitmqctl have in their environment."""
        port, distribution, mapper = run.ports[:3]
        base = os.path.join(run.folder, "broker")
        return {
            "ERL_EPMD_PORT": str(mapper),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RUNNING_UNDER_SYSTEMD": "1",  # the script becomes the broker then, with its process id
            "RABBITMQ_NODENAME": f"tendril{port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(port),
            "RABBITMQ_DIST_PORT": str(distribution),
            "RABBITMQ_BASE_DIR": base,
            "RABBITMQ_MNESIA_BASE": base + "-data",
            "RABBITMQ_LOG_BASE": base + "-log",
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_PID_FILE": base + ".pid",
            "RABBITMQ_ENABLED_PLUGINS_FILE": base + ".plugins",
            "RABBITMQ_CONFIG_FILE": base,
            "RABBITMQ_CONF_ENV_FILE": base + ".no-env",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1} "
            "+S 2:2 +sbwt none +sbwtdcpu none +sbwtdio none",
            "HOME": run.folder,
            "LANG": "C.UTF-8",
        }

    @classmethod
    def start(cls, run):
        base = os.path.join(run.folder, "broker")
        with open(base + ".conf", "w", encoding="ascii") as file:
            file.write(f"listeners.tcp.default = 127.0.0.1:{run.port}\nloopback_users.guest = true\n")
            file.write("log.console = true\nvm_memory_high_watermark.absolute = 2GB\n")
            file.write("disk_free_limit.absolute = 50MB\n" + cls.more_settings.format(run=run))
        with open(base + ".plugins", "w", encoding="ascii") as file:
            file.write(f"[{','.join(cls.plugins)}].\n")
        run.serve(["epmd", "-port", str(run.ports[2]), "-address", "127.0.0.1"], cls.variables(run))
        cls.serve(run)

    @classmethod
    def serve(cls, run):
        run.serve(["/usr/lib/rabbitmq/bin/rabbitmq-server"], cls.variables(run))

    @staticmethod
    def ready(run):
        return run.talk(b"AMQP\x00\x00\x09\x01") == b"\x01"

    @staticmethod
    def environment(run):
        return {"TENDRIL_TEST_RABBITMQ_PORT": str(run.port)}


class SlowHttp:
    needs, user, ports = [], None, 1

    @staticmethod
    def start(run):
        run.serve([sys.executable, os.path.join(HERE, "slow_http.py"), str(run.port)])

    @staticmethod
    def ready(run):
        return run.talk(b"GET / HTTP/1.0\r\n\r\n") != b""

    @staticmethod
    def environment(run):
        return {"TENDRIL_TEST_HTTP_PORT": str(run.port)}


SERVERS = {"postgres": Postgres, "mariadb": MariaDB, "redis": Redis, "rabbitmq": RabbitMQ, "slow_http": SlowHttp}
