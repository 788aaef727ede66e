# SPDX-License-Identifier: MIT
"""The module _thread, with the names that eventlet has for it."""

import _thread
import threading

from tendril.eventlet import green  # noqa: F401

globals().update({name: value for name, value in vars(_thread).items() if not name.startswith("__")})
Lock = threading.Lock
