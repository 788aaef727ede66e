# SPDX-License-Identifier: MIT
#
# "Hello, World!" on eventlet's wsgi, its log off.
#
#     hello_eventlet.py      prints its port; ends when it is killed

import eventlet
from eventlet import wsgi


def hello(_environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "13")])
    return [b"Hello, World!"]


listener = eventlet.listen(("127.0.0.1", 0), backlog=1024)
print(listener.getsockname()[1], flush=True)
wsgi.server(listener, hello, max_size=20000, log_output=False, debug=False)
