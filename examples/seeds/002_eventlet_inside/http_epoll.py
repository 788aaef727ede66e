# SPDX-License-Identifier: MIT
"""The epoll HTTP server of the tutorial, with nothing of eventlet in it; its clients are threads."""

import select
import socket
import threading

END = b"\r\n\r\n"
RESPONSE = b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\r\nHello, world!"

serversocket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
serversocket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
serversocket.bind(("127.0.0.1", 0))
serversocket.listen(10)
serversocket.setblocking(False)
answers = []


def fetch(name):
    with socket.create_connection(serversocket.getsockname()) as connection:
        connection.sendall(f"GET /{name} HTTP/1.0\r\n\r\n".encode())
        answer = b""
        while data := connection.recv(1024):
            answer += data
    answers.append(answer.partition(END)[2].decode())


clients = [threading.Thread(target=fetch, args=(name,)) for name in ("steve", "john", "nancy")]
for client in clients:
    client.start()

epoll = select.epoll()
epoll.register(serversocket.fileno(), select.EPOLLIN)
connections, requests, responses, served = {}, {}, {}, []
while len(served) < len(clients):
    for fileno, event in epoll.poll(1):
        if fileno == serversocket.fileno():
            connection, _ = serversocket.accept()
            connection.setblocking(False)
            epoll.register(connection.fileno(), select.EPOLLIN)
            connections[connection.fileno()] = connection
            requests[connection.fileno()] = b""
            responses[connection.fileno()] = RESPONSE
        elif event & select.EPOLLIN:
            requests[fileno] += connections[fileno].recv(1024)
            if END in requests[fileno]:
                epoll.modify(fileno, select.EPOLLOUT)
        elif event & select.EPOLLOUT:
            sent = connections[fileno].send(responses[fileno])
            responses[fileno] = responses[fileno][sent:]
            if not responses[fileno]:
                epoll.modify(fileno, 0)
                connections[fileno].shutdown(socket.SHUT_RDWR)
        elif event & select.EPOLLHUP:
            epoll.unregister(fileno)
            connections.pop(fileno).close()
            served.append(requests.pop(fileno).decode().split()[1])
for client in clients:
    client.join()
epoll.unregister(serversocket.fileno())
epoll.close()
serversocket.close()
print(*sorted(served))
print(*answers, sep="\n")
