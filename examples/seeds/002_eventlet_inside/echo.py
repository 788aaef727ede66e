# SPDX-License-Identifier: MIT
"""An echo server with a green thread for each connection, out of a pool."""

import eventlet

server = eventlet.listen(("127.0.0.1", 0))
pool = eventlet.GreenPool(10000)


def handle(client):
    while True:
        data = client.recv(1024)
        if not data:
            break
        client.sendall(data)
    client.close()


def accept():
    while True:
        new_sock, _ = server.accept()
        pool.spawn_n(handle, new_sock)


def talk(name):
    connection = eventlet.connect(server.getsockname())
    heard = []
    for word in ("hello", "from", name):
        connection.sendall(word.encode())
        heard.append(connection.recv(1024).decode())
    connection.close()
    return heard


accepting = eventlet.spawn(accept)
for heard in eventlet.GreenPool().imap(talk, ("steve", "john", "nancy")):
    print(*heard)
pool.waitall()
accepting.kill()
