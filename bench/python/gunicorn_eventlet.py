# SPDX-License-Identifier: MIT
"""gunicorn's settings for eventlet: psycopg2 waits by eventlet's callback, as monkey patching does not reach it."""


def post_fork(server, worker):
    from eventlet.support.psycopg2_patcher import make_psycopg_green

    make_psycopg_green()
