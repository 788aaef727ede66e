# SPDX-License-Identifier: MIT
"""gevent.selectors: the standard library's, which cooperates after tendril.patch()."""

import selectors as _selectors

from tendril.gevent import _stdlib

__all__ = _stdlib.take(_selectors, globals())
__implements__ = ["DefaultSelector"]
GeventSelector = _selectors.DefaultSelector
