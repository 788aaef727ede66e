# SPDX-License-Identifier: MIT
"""The little of an HTTP client that measurements need."""

import socket

REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


def read_answer(connection):
    answer = b""
    while not answer.endswith(b"Hello, World!"):
        some = connection.recv(4096)
        if not some:
            raise RuntimeError(f"the answer is {answer!r}")
        answer += some
    return answer


def request(connection):
    connection.sendall(REQUEST)
    return read_answer(connection)


def connect(port):
    return socket.create_connection(("127.0.0.1", port))


def open_many(port, number):
    """Opens connections, with a request on each."""
    opened = []
    for _ in range(number):
        one = connect(port)
        request(one)
        opened.append(one)
    return opened


def close_all(connections):
    for one in connections:
        one.close()
