# SPDX-License-Identifier: MIT
"""gunicorn's settings for gevent: psycopg2 waits by psycogreen's callback, as monkey patching does not reach it."""


def post_fork(server, worker):
    from psycogreen.gevent import patch_psycopg

    patch_psycopg()
