# SPDX-License-Identifier: MIT
"""A crawler: many pages at once, in the order of the addresses."""

import eventlet
from eventlet import wsgi
from eventlet.green.urllib.request import urlopen

server = eventlet.listen(("127.0.0.1", 0))
port = server.getsockname()[1]
DELAYS = {"/slow": 0.3, "/quick": 0.0, "/middle": 0.1}


def site(environ, start_response):
    path = environ["PATH_INFO"]
    eventlet.sleep(DELAYS[path])
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"the page {path}".encode()]


serving = eventlet.spawn(wsgi.server, server, site, log_output=False)
urls = [f"http://127.0.0.1:{port}{path}" for path in DELAYS]


def fetch(url):
    return urlopen(url).read()


pool = eventlet.GreenPool()
for body in pool.imap(fetch, urls):
    print("got body", len(body), body.decode())
serving.kill()
