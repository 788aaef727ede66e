# SPDX-License-Identifier: MIT
#
# The echo server on gevent, as its own examples write one: a greenlet per connection.
#
#     echo_gevent.py [CERTIFICATE KEY]      prints its port; ends when it is killed

import socket
import sys

from gevent.server import StreamServer


def serve(connection, _address):
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    while True:
        message = connection.recv(32768)
        if not message:
            return
        connection.sendall(message)


tls = {"certfile": sys.argv[1], "keyfile": sys.argv[2]} if len(sys.argv) > 2 else {}
server = StreamServer(("127.0.0.1", 0), serve, **tls)
server.start()
print(server.server_port, flush=True)
server.serve_forever()
