# SPDX-License-Identifier: MIT
"""serve(): a handler per connection; StopServe ends it."""

import eventlet


def handle(client, address):
    print("client connected from", address[0])
    word = client.recv(100)
    if word == b"stop":
        raise eventlet.StopServe()
    client.sendall(word.upper())


listener = eventlet.listen(("127.0.0.1", 0))
address = listener.getsockname()
serving = eventlet.spawn(eventlet.serve, listener, handle)
for word in (b"hello", b"again", b"stop"):
    connection = eventlet.connect(address)
    connection.sendall(word)
    print(connection.recv(100))
    connection.close()
print("serve() returned", serving.wait())
