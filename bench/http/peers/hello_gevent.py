# SPDX-License-Identifier: MIT
#
# "Hello, World!" on gevent's pywsgi, its log off.
#
#     hello_gevent.py      prints its port; ends when it is killed

from gevent.pywsgi import WSGIServer


def hello(_environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "13")])
    return [b"Hello, World!"]


server = WSGIServer(("127.0.0.1", 0), hello, log=None, error_log=None)
server.start()
print(server.server_port, flush=True)
server.serve_forever()
