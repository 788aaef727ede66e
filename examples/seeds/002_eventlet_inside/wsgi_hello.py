# SPDX-License-Identifier: MIT
"""eventlet.wsgi: an application, and its log."""

import io
import re

import eventlet
from eventlet import wsgi
from eventlet.green.urllib.error import HTTPError
from eventlet.green.urllib.request import urlopen

server = eventlet.listen(("127.0.0.1", 0))
url = f"http://127.0.0.1:{server.getsockname()[1]}"


def hello(environ, start_response):
    if environ["PATH_INFO"] != "/":
        start_response("404 Not Found", [("Content-Type", "text/plain")])
        return [b"Not Found\r\n"]
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"Hello, World!\r\n"]


log = io.StringIO()
serving = eventlet.spawn(wsgi.server, server, hello, log=log, log_format="%(request_line)s %(status_code)s")
with urlopen(url) as answer:
    print(answer.status, answer.headers["Content-Type"], answer.headers["Content-Length"])
    print(answer.read().decode().strip())
try:
    urlopen(url + "/missing")
except HTTPError as error:
    print(error.code, error.read().decode().strip())
    error.close()
eventlet.sleep(0.05)
serving.kill()
print(*re.findall(r"GET .*", log.getvalue()), sep="\n")
