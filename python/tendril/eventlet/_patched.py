# SPDX-License-Identifier: MIT
"""Importing this makes whatever blocks cooperative: tendril.patch(), without preemption, which eventlet has not."""

import tendril


def patch():
    """tendril.patch(), the first time."""
    global _done
    if not _done:
        _done = True
        tendril.patch()
        tendril.preempt(0)


_done = False
