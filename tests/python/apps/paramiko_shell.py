# SPDX-License-Identifier: MIT
"""paramiko: an SSH server and many clients in one process, with its transports' threads; commands, SFTP, bad peers."""

import logging
import os
import socket
import tempfile
import threading
import time
import warnings

import scene

scene.begin()

warnings.simplefilter("ignore")
import paramiko  # noqa: E402


class Rules(paramiko.ServerInterface):
    def check_auth_password(self, username, password):
        return paramiko.AUTH_SUCCESSFUL if password == "secret" else paramiko.AUTH_FAILED

    def get_allowed_auths(self, username):
        return "password"

    def check_channel_request(self, kind, number):
        return paramiko.OPEN_SUCCEEDED

    def check_channel_exec_request(self, channel, command):
        threading.Thread(target=self._run, args=(channel, command), daemon=True).start()
        return True

    @staticmethod
    def _run(channel, command):
        time.sleep(60 if command == b"wait" else scene.WAIT)
        channel.sendall(command.upper())
        channel.send_exit_status(len(command))
        channel.close()


class Files(paramiko.SFTPServerInterface):
    folder = None

    def open(self, path, flags, attributes):
        number = os.open(self.folder + path, flags, 0o600)
        handle = paramiko.SFTPHandle(flags)
        handle.readfile = handle.writefile = os.fdopen(number, "wb" if flags & os.O_WRONLY else "rb")
        return handle

    def stat(self, path):
        return paramiko.SFTPAttributes.from_stat(os.stat(self.folder + path))


def main():
    logging.getLogger("paramiko").setLevel(logging.CRITICAL)
    key = paramiko.ECDSAKey.generate()
    listener = socket.create_server(("127.0.0.1", 0), backlog=100)
    port = listener.getsockname()[1]

    def serve():
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            transport = paramiko.Transport(peer)
            transport.add_server_key(key)
            transport.set_subsystem_handler("sftp", paramiko.SFTPServer, Files)
            transport.start_server(threading.Event(), Rules())

    threading.Thread(target=serve, daemon=True).start()

    def connect(to=port, password="secret", timeout=20):
        client = paramiko.SSHClient()
        client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
        limits = {"timeout": timeout, "banner_timeout": timeout, "auth_timeout": timeout}
        client.connect("127.0.0.1", to, "user", password, look_for_keys=False, allow_agent=False, **limits)
        return client

    def run(number):
        with connect() as client:
            _, out, _ = client.exec_command(f"command {number}")
            return out.read().decode(), out.channel.recv_exit_status()

    with scene.at_once("30 clients"):
        answers = scene.together(run, 30)
    print("answers:", answers == [(f"COMMAND {n}", len(f"command {n}")) for n in range(30)])

    shared = connect()

    def channel(number):
        _, out, _ = shared.exec_command(f"shared {number}")
        return out.read().decode()

    print("channels of one client:", scene.together(channel, 20) == [f"SHARED {n}" for n in range(20)])
    with tempfile.TemporaryDirectory() as folder:
        Files.folder = folder
        data = os.urandom(300_000)
        files = shared.open_sftp()
        with files.open("/file", "wb") as file:
            file.write(data)
        with files.open("/file", "rb") as file:
            print("a file there and back:", file.read() == data, files.stat("/file").st_size)
        files.close()
    scene.interrupts(lambda: shared.exec_command("wait")[1].read())
    print("after interrupts:", channel(1))
    shared.close()
    print("wrong password:", scene.said(lambda: connect(password="guess"), paramiko.SSHException))
    scene.bad_peers(lambda to: connect(to, timeout=1), (paramiko.SSHException, OSError, EOFError))
    listener.close()


main()
