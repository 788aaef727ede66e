# SPDX-License-Identifier: MIT
"""The hub's names, where eventlet has them."""

from tendril.eventlet.hubs import Hub as BaseHub, Listener as FdListener  # noqa: F401

READ = BaseHub.READ
WRITE = BaseHub.WRITE
