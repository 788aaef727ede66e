# SPDX-License-Identifier: MIT
"""Timer, under eventlet's name for its module."""

from tendril.eventlet.hubs import Timer  # noqa: F401
