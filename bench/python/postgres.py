# SPDX-License-Identifier: MIT
"""A PostgreSQL of the benchmark's own."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

VERSIONS = "/usr/lib/postgresql"


class Postgres:
    """Runs while the `with` lasts, with room for 1,100 connections; libpq finds it by the environment."""

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="tendril-bench-")
        options = {"cwd": self.folder, "stdout": subprocess.DEVNULL}
        if os.geteuid() == 0:  # it refuses to run as root
            shutil.chown(self.folder, "postgres")
            options |= {"user": "postgres", "group": "postgres", "extra_groups": []}
        programs = os.path.join(VERSIONS, max(os.listdir(VERSIONS)), "bin")
        with socket.create_server(("127.0.0.1", 0)) as holder:
            port = holder.getsockname()[1]
        data = os.path.join(self.folder, "data")
        subprocess.run([programs + "/initdb", "-D", data, "-U", "postgres", "-A", "trust", "--locale=C", "--no-sync"],
                       check=True, **options)
        settings = {"port": port, "listen_addresses": "127.0.0.1", "unix_socket_directories": "", "fsync": "off",
                    "max_connections": 1100, "autovacuum": "off", "shared_buffers": "32MB"}
        self.server = subprocess.Popen([programs + "/postgres", "-D", data, *(f"--{name}={value}" for name, value in
                                                                              settings.items())],
                                       stderr=subprocess.DEVNULL, **options)
        while subprocess.run([programs + "/pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)],
                             check=False).returncode:
            if self.server.poll() is not None:
                raise RuntimeError("PostgreSQL does not start")
            time.sleep(0.1)
        os.environ |= {"PGHOST": "127.0.0.1", "PGPORT": str(port), "PGUSER": "postgres", "PGDATABASE": "postgres",
                       "PGSSLMODE": "disable", "PGGSSENCMODE": "disable"}
        return self

    def __exit__(self, *_):
        self.server.send_signal(signal.SIGINT)
        self.server.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
