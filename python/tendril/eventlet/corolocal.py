# SPDX-License-Identifier: MIT
"""Values of which each green thread has its own."""

from tendril import local  # noqa: F401
from tendril.eventlet.greenthread import getcurrent

__all__ = ["get_ident", "local"]


def get_ident():
    """A number of the running green thread."""
    return id(getcurrent())
