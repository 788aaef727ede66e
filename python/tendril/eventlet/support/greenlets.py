# SPDX-License-Identifier: MIT
"""greenlet, under eventlet's name for it."""

from tendril.greenlet import GreenletExit, getcurrent, greenlet  # noqa: F401

preserves_excinfo = True
