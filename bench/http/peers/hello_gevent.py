# SPDX-License-Identifier: MIT
#
# "Hello, World!" on gevent's pywsgi, its log off. It sends head and body apart: without TCP_NODELAY, which accepted
# sockets inherit, each request would wait for a delayed acknowledgement of the first.
#
#     hello_gevent.py      prints its port; ends when it is killed

from gevent import socket
from gevent.pywsgi import WSGIServer


def hello(_environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "13")])
    return [b"Hello, World!"]


listener = socket.socket()
listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
listener.bind(("127.0.0.1", 0))
listener.listen(1024)
server = WSGIServer(listener, hello, log=None, error_log=None)
server.start()
print(server.server_port, flush=True)
server.serve_forever()
