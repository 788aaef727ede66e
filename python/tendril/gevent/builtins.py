# SPDX-License-Identifier: MIT
"""gevent.builtins: nothing has to be replaced."""

__implements__ = ["__import__"]
__all__ = __implements__
__import__ = __import__
