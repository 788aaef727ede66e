# SPDX-License-Identifier: MIT
"""gevent.contextvars: the standard library's: each green thread has a context of its own."""

from contextvars import Context, ContextVar, Token, copy_context  # noqa: F401

__all__ = ["ContextVar", "Context", "copy_context", "Token"]
__implements__ = __all__
