# SPDX-License-Identifier: MIT
"""What replaces the blocking server and the epoll server: written as the first, it serves as many as the second."""

import eventlet

END = b"\r\n\r\n"
RESPONSE = b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\r\nHello, world!"

listener = eventlet.listen(("127.0.0.1", 0))
address = listener.getsockname()
paths = []


def handle(connection, _):
    request = b""
    while END not in request:
        data = connection.recv(1024)
        if not data:
            return
        request += data
    paths.append(request.decode().split()[1])
    connection.sendall(RESPONSE)


def fetch(name):
    connection = eventlet.connect(address)
    connection.sendall(f"GET /{name} HTTP/1.0\r\n\r\n".encode())
    answer = b""
    while data := connection.recv(1024):
        answer += data
    connection.close()
    return answer.partition(END)[2].decode()


serving = eventlet.spawn(eventlet.serve, listener, handle)
answers = list(eventlet.GreenPool().imap(fetch, ("steve", "john", "nancy")))
serving.kill()
print(*sorted(paths))
print(*answers, sep="\n")
