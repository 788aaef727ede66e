# SPDX-License-Identifier: MIT
"""A StreamServer: one green thread for each connection."""

import gevent
from gevent import socket
from gevent.pool import Pool
from gevent.server import StreamServer


def echo(connection, address):
    file = connection.makefile("rwb")
    while True:
        line = file.readline()
        if not line or line.strip().lower() == b"quit":
            break
        file.write(line.upper())
        file.flush()
    file.close()


server = StreamServer(("127.0.0.1", 0), echo, spawn=Pool(100))
server.start()


def talk(name):
    connection = socket.create_connection(("127.0.0.1", server.server_port))
    file = connection.makefile("rwb")
    for word in ("hello", "from", name):
        file.write(word.encode() + b"\n")
        file.flush()
        gevent.sleep(0)
    heard = [file.readline().decode().strip() for _ in range(3)]
    file.write(b"quit\n")
    file.flush()
    rest = file.read()
    file.close()
    connection.close()
    return heard, rest


talks = [gevent.spawn(talk, name) for name in ("steve", "john", "nancy")]
for talking in talks:
    print(*talking.get())
server.stop()
print("started:", server.started)
