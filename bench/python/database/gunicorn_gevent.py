# SPDX-License-Identifier: MIT
"""gunicorn's settings for its worker with gevent, in which psycopg2 waits by psycogreen's callback."""

worker_class = "gevent"
worker_connections = 2000
backlog = 2048


def post_fork(server, worker):
    """Has psycopg2 wait cooperatively, which monkey patching does not reach."""
    from psycogreen.gevent import patch_psycopg

    patch_psycopg()
