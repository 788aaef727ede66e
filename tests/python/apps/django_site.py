# SPDX-License-Identifier: MIT
"""Django with its admin, on PostgreSQL by psycopg2 or MariaDB by MySQLdb, in threads of wsgiref's server."""

import http.cookiejar
import os
import re
import socketserver
import sys
import threading
import types
import urllib.parse
import urllib.request
from wsgiref import simple_server

import scene

scene.begin()

import django  # noqa: E402
from django.conf import settings  # noqa: E402

POSTGRES = {"ENGINE": "django.db.backends.postgresql", "NAME": "postgres"}
MARIADB = {
    "ENGINE": "django.db.backends.mysql",
    "NAME": "tendril",
    "HOST": "127.0.0.1",
    "PORT": os.environ.get("TENDRIL_TEST_MARIADB_PORT"),
    "USER": os.environ.get("TENDRIL_TEST_MARIADB_USER"),
    "PASSWORD": os.environ.get("TENDRIL_TEST_MARIADB_PASSWORD"),
}
SLEEP = {"postgres": "select pg_sleep(%s)", "mariadb": "select sleep(%s)"}[sys.argv[1]]


def make_addresses():
    """Makes the module of addresses, after Django has been set up."""
    from django.contrib import admin
    from django.db import connection
    from django.http import HttpResponse
    from django.urls import path

    def wait(request):
        with connection.cursor() as cursor:
            cursor.execute(SLEEP, [scene.WAIT])
        return HttpResponse(request.GET["number"])

    module = types.ModuleType("addresses")
    module.urlpatterns = [path("admin/", admin.site.urls), path("wait", wait)]
    sys.modules["addresses"] = module


class Server(socketserver.ThreadingMixIn, simple_server.WSGIServer):
    daemon_threads = True
    request_queue_size = 300


class Quiet(simple_server.WSGIRequestHandler):
    def log_message(self, *_):
        pass


class Browser:
    """Follows links and fills forms, with cookies."""

    def __init__(self, base):
        self.base = base
        jar = http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))

    def get(self, path):
        """Returns the page."""
        return self.opener.open(self.base + path, timeout=60).read().decode()

    def fill(self, path, **fields):
        """Returns the page that follows the form."""
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', self.get(path)).group(1)
        data = urllib.parse.urlencode({"csrfmiddlewaretoken": token, **fields}).encode()
        return self.opener.open(self.base + path, data, timeout=60).read().decode()


def main():
    settings.configure(
        DATABASES={"default": {"postgres": POSTGRES, "mariadb": MARIADB}[sys.argv[1]]},
        INSTALLED_APPS=[
            "django.contrib.admin",
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sessions",
            "django.contrib.messages",
        ],
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "django.contrib.messages.middleware.MessageMiddleware",
        ],
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "APP_DIRS": True,
                "OPTIONS": {
                    "context_processors": [
                        "django.template.context_processors.request",
                        "django.contrib.auth.context_processors.auth",
                        "django.contrib.messages.context_processors.messages",
                    ]
                },
            }
        ],
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        SECRET_KEY="of a test",
        ROOT_URLCONF="addresses",
        ALLOWED_HOSTS=["*"],
        STATIC_URL="static/",
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        USE_TZ=True,
    )
    django.setup()
    make_addresses()
    from django.contrib.auth.models import User
    from django.core.management import call_command
    from django.core.wsgi import get_wsgi_application
    from django.db import connection, connections

    call_command("migrate", verbosity=0)
    User.objects.all().delete()
    User.objects.create_superuser("root", "root@example.org", "secret")
    server = simple_server.make_server("127.0.0.1", 0, get_wsgi_application(), Server, Quiet)
    threading.Thread(target=server.serve_forever).start()
    base = f"http://127.0.0.1:{server.server_port}/"

    def ask(number):
        return urllib.request.urlopen(f"{base}wait?number={number}", timeout=60).read()

    with scene.at_once("200 requests that sleep in the database"):
        answers = scene.together(ask)
    print("answers:", answers == [b"%d" % number for number in range(scene.MANY)])

    browser = Browser(base)
    page = browser.fill("admin/login/?next=/admin/", username="root", password="secret")
    print("logged in:", "Site administration" in page)

    def add_user(number):
        own = Browser(base)
        own.fill("admin/login/?next=/admin/", username="root", password="secret")
        password = {"password1": f"a long one {number}", "password2": f"a long one {number}"}
        return "was added" in own.fill("admin/auth/user/add/", username=f"user{number}", **password)

    print("users added in the admin:", scene.together(add_user, 10).count(True))
    listed = browser.get("admin/auth/user/")
    print("users listed:", len(set(re.findall(r">(user\d+)</a>", listed))), User.objects.count())

    def rename(number):
        User.objects.filter(username=f"user{number}").update(first_name=f"name {number}")
        connections.close_all()

    scene.together(rename, 10)
    print("renamed:", User.objects.filter(first_name__startswith="name ").count())

    def wait():
        with connection.cursor() as cursor:
            cursor.execute(SLEEP, [60])

    scene.interrupts(wait)
    connections.close_all()
    print("after interrupts:", User.objects.count())
    server.shutdown()
    server.server_close()


main()
