# SPDX-License-Identifier: MIT
"""The blocking HTTP server of the tutorial. Patched, it serves while others of this OS thread run."""

import eventlet
eventlet.monkey_patch()

import socket  # noqa: E402

END = b"\r\n\r\n"
RESPONSE = b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\r\nHello, world!"

serversocket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
serversocket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
serversocket.bind(("127.0.0.1", 0))
serversocket.listen(1)


def serve():
    for _ in range(3):
        connection, _ = serversocket.accept()
        request = b""
        while END not in request:
            request += connection.recv(1024)
        print("-" * 40 + "\n" + request.decode().strip())
        connection.sendall(RESPONSE)
        connection.close()


def fetch(name):
    with socket.create_connection(serversocket.getsockname()) as connection:
        connection.sendall(f"GET /{name} HTTP/1.0\r\n".encode())
        eventlet.sleep(0.01)
        connection.sendall(b"\r\n")
        answer = b""
        while data := connection.recv(1024):
            answer += data
    return answer.partition(END)[2].decode()


serving = eventlet.spawn(serve)
for name in ("steve", "john", "nancy"):
    print(fetch(name))
serving.wait()
serversocket.close()
