# SPDX-License-Identifier: MIT
"""The WSGI applications that are measured: bare, Flask and Django. Each has the paths / (hello), /sleep (50 ms) and
/database (50 ms in PostgreSQL, by psycopg2).

Connections are kept in a list, whose operations are atomic, so that no pool's locks are measured.
"""

import time

QUERY = "select pg_sleep(0.05), 42"
free = []


def ask():
    """Returns 42, by a connection that nobody uses now."""
    try:
        connection = free.pop()
    except IndexError:
        import psycopg2

        connection = psycopg2.connect("")
        connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(QUERY)
        answer = cursor.fetchone()[1]
    free.append(connection)
    return answer


def hello():
    """The text of each path."""
    return "Hello, World!"


def slow():
    """The same, 50 ms later."""
    time.sleep(0.05)
    return "Hello, World!"


def from_database():
    """An answer of the database."""
    return f"Hello, {ask()}!"


PATHS = {"": hello, "sleep": slow, "database": from_database}


def bare(environ, start_response):
    """PEP 3333 and nothing else."""
    body = PATHS[environ["PATH_INFO"][1:]]().encode()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]


def on_flask():
    """Flask as it is."""
    import flask

    site = flask.Flask("sites")
    for path, view in PATHS.items():
        site.add_url_rule("/" + path, path or "index", view)
    return site


def on_django():
    """Django with the middleware of a page without sessions."""
    from django.conf import settings
    from django.core.wsgi import get_wsgi_application
    from django.http import HttpResponse
    from django.urls import path

    settings.configure(DEBUG=False, SECRET_KEY="of a benchmark", ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware", "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware", "django.middleware.clickjacking.XFrameOptionsMiddleware"])
    globals()["urlpatterns"] = [path(where, lambda request, view=view: HttpResponse(view()))
                                for where, view in PATHS.items()]
    return get_wsgi_application()
