# SPDX-License-Identifier: MIT
"""ssl: clients and a server in one process, handshakes that wait, large transfers both ways, what fails."""

import contextlib
import socket
import ssl
import tempfile
import threading
import time

import scene

scene.begin()


def contexts():
    """Returns those of the server and of clients."""
    with tempfile.TemporaryDirectory() as folder:
        own, key = scene.certificate(folder)
        server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.load_cert_chain(own, key)
        return server, ssl.create_default_context(cafile=own)


def main():
    of_server, of_client = contexts()
    listener = socket.create_server(("127.0.0.1", 0), backlog=300)
    port = listener.getsockname()[1]

    def answer(peer):
        with of_server.wrap_socket(peer, server_side=True) as secure:
            while data := secure.recv(65536):
                time.sleep(scene.WAIT)
                secure.sendall(data.upper())

    def answer_or_end(peer):
        with contextlib.suppress(OSError):
            answer(peer)

    def serve():
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=answer_or_end, args=(peer,), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()

    def connect(name="localhost", trusts=of_client, timeout=30):
        return trusts.wrap_socket(socket.create_connection(("127.0.0.1", port), timeout), server_hostname=name)

    def ask(number):
        with connect() as secure:
            secure.sendall(b"hello %d" % number)
            return secure.recv(100), secure.version()

    with scene.at_once("200 clients"):
        answers = scene.together(ask)
    print("answers:", answers == [(b"HELLO %d" % number, "TLSv1.3") for number in range(scene.MANY)])

    ours, theirs = socket.socketpair()
    data = bytes(range(256)) * 4096

    def transfer(number):
        if number == 0:
            secure = of_server.wrap_socket(ours, server_side=True)
        else:
            secure = of_client.wrap_socket(theirs, server_hostname="localhost")

        def read():
            got = bytearray()
            while len(got) < len(data):
                got += secure.recv(65536)
            return got == data

        return scene.together(lambda direction: (read, lambda: secure.sendall(data))[direction](), 2)[0]

    print("both ways at once:", scene.together(transfer, 2))
    print("wrong name:", scene.said(lambda: connect("elsewhere"), ssl.SSLCertVerificationError))
    strangers = ssl.create_default_context()
    print("unknown authority:", scene.said(lambda: connect(trusts=strangers), ssl.SSLCertVerificationError))

    def wait():
        with connect(timeout=60) as secure:
            secure.recv(100)

    def late():
        with connect(timeout=0.2) as secure:
            secure.recv(100)

    print("late answer:", scene.said(late, TimeoutError))
    scene.interrupts(wait)
    print("after interrupts:", ask(1)[0])

    def handshake(port):
        with of_client.wrap_socket(socket.create_connection(("127.0.0.1", port), 1), server_hostname="localhost"):
            pass

    scene.bad_peers(handshake, (OSError,))
    listener.close()


main()
