# SPDX-License-Identifier: MIT
"""patch() for eventlet's and gevent's shapes: their programs, and these modules, count on running until they wait."""

import tendril

_done = False


def patch():
    """tendril.patch() without preemption, the first time. Later calls leave what the program has set since."""
    global _done
    if not _done:
        _done = True
        tendril.patch()
        tendril.preempt(0)
