# SPDX-License-Identifier: MIT
"""An echo server that waits by select(), with a queue of answers for each client."""

import queue

import gevent
from gevent import monkey
monkey.patch_all()

import select  # noqa: E402
import socket  # noqa: E402

server = socket.create_server(("127.0.0.1", 0))
server.setblocking(False)
address = server.getsockname()


def serve(clients_left):
    inputs, outputs, answers = [server], [], {}
    while clients_left:
        readable, writable, exceptional = select.select(inputs, outputs, inputs)
        for ready in readable:
            if ready is server:
                connection, _ = server.accept()
                connection.setblocking(False)
                inputs.append(connection)
                answers[connection] = queue.Queue()
                continue
            data = ready.recv(1024)
            if data:
                answers[ready].put(data)
                if ready not in outputs:
                    outputs.append(ready)
                continue
            if ready in outputs:
                outputs.remove(ready)
            inputs.remove(ready)
            ready.close()
            del answers[ready]
            clients_left -= 1
        for ready in writable:
            if ready not in answers:
                continue
            try:
                ready.send(answers[ready].get_nowait())
            except queue.Empty:
                outputs.remove(ready)
        assert not exceptional
    server.close()


def talk(name):
    with socket.create_connection(address) as connection:
        heard = []
        for word in ("hello", "again"):
            connection.sendall(f"{name} says {word}".encode())
            heard.append(connection.recv(1024).decode())
    return heard


serving = gevent.spawn(serve, 3)
talks = [gevent.spawn(talk, name) for name in ("steve", "john", "nancy")]
gevent.joinall([serving, *talks])
for heard in talks:
    print(heard.value)
