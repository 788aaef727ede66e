# SPDX-License-Identifier: MIT
"""greenio, under eventlet's name for its module."""

from tendril.eventlet.greenio import *  # noqa: F401,F403
from tendril.eventlet.greenio import _GLOBAL_DEFAULT_TIMEOUT  # noqa: F401
