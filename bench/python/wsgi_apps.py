# SPDX-License-Identifier: MIT
"""The WSGI applications that bench/python/wsgi serves: bare, Flask and Django."""

import time


def bare(environ, start_response):
    if environ["PATH_INFO"] == "/sleep":
        time.sleep(0.05)
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "13")])
    return [b"Hello, World!"]


def make_flask():
    """Flask's hello."""
    import flask
    application = flask.Flask("hello")

    @application.route("/")
    def hello():
        return "Hello, World!"

    @application.route("/sleep")
    def slow():
        time.sleep(0.05)
        return "Hello, World!"
    return application


def make_django():
    """Django's hello, with its default middleware for a page without sessions."""
    from django.conf import settings
    from django.core.wsgi import get_wsgi_application
    from django.http import HttpResponse
    from django.urls import path

    settings.configure(DEBUG=False, SECRET_KEY="x", ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware", "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware", "django.middleware.clickjacking.XFrameOptionsMiddleware"])

    def hello(request):
        return HttpResponse("Hello, World!")

    def slow(request):
        time.sleep(0.05)
        return HttpResponse("Hello, World!")
    globals()["urlpatterns"] = [path("", hello), path("sleep", slow)]
    return get_wsgi_application()
