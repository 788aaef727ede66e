# SPDX-License-Identifier: MIT
"""A WSGI server that keeps the request of each green thread in a local, as frameworks do."""

from contextlib import contextmanager

import gevent
from gevent import monkey
monkey.patch_all()

from urllib.request import urlopen  # noqa: E402

from gevent.local import local  # noqa: E402
from gevent.pywsgi import WSGIServer  # noqa: E402

_requests = local()


@contextmanager
def session(environ):
    _requests.path = environ["PATH_INFO"]
    yield
    _requests.path = None


def logic():
    gevent.sleep(0.05)
    return f"Hello {_requests.path}"


def application(environ, start_response):
    with session(environ):
        body = logic().encode()
    start_response("200 OK", [("Content-Type", "text/html")])
    return [body]


server = WSGIServer(("127.0.0.1", 0), application, log=None)
server.start()


def fetch(name):
    with urlopen(f"http://127.0.0.1:{server.server_port}/{name}", timeout=10) as answer:
        return answer.status, answer.headers["Content-Type"], answer.read().decode()


fetches = [gevent.spawn(fetch, name) for name in ("steve", "john", "nancy")]
gevent.joinall(fetches)
for done in fetches:
    print(*done.value)
server.stop()
