# SPDX-License-Identifier: MIT
"""WSGI applications that wait 50 ms in PostgreSQL for each request: `bare`, `on_flask`, `on_django`.

The connections are kept in a list, whose operations are atomic, so that no pool's locks are measured.
"""

import psycopg2

QUERY = "select pg_sleep(0.05), 42"
free = []


def ask():
    """Returns 42, by a connection that nobody uses now."""
    try:
        connection = free.pop()
    except IndexError:
        connection = psycopg2.connect("")
        connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(QUERY)
        answer = cursor.fetchone()[1]
    free.append(connection)
    return answer


def bare(environ, start_response):
    """PEP 3333 and nothing else."""
    body = b"%d\n" % ask()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]


def on_flask():
    """Returns the same as a site of Flask."""
    import flask

    site = flask.Flask("site")

    @site.route("/")
    def index():
        return f"{ask()}\n"

    return site


def on_django():
    """Returns the same as a site of Django."""
    import sys
    import types

    import django
    from django.conf import settings
    from django.core.wsgi import get_wsgi_application
    from django.http import HttpResponse
    from django.urls import path

    settings.configure(ROOT_URLCONF="addresses", SECRET_KEY="of a benchmark", ALLOWED_HOSTS=["*"], LOGGING_CONFIG=None)
    django.setup()
    module = types.ModuleType("addresses")
    module.urlpatterns = [path("", lambda request: HttpResponse(f"{ask()}\n"))]
    sys.modules["addresses"] = module
    return get_wsgi_application()


def __getattr__(name):
    if name == "flask_site":
        return on_flask()
    if name == "django_site":
        return on_django()
    raise AttributeError(name)
