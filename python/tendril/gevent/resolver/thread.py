# SPDX-License-Identifier: MIT
"""gevent.resolver.thread: the standard library's calls, which cooperate after tendril.patch()."""

import socket as _socket

from tendril import unpreempted
from tendril.gevent.resolver import AbstractResolver

__all__ = ["Resolver"]


class Resolver(AbstractResolver):
    """The standard library's calls."""

    def __init__(self, hub=None):
        unpreempted.patch()

    gethostbyname = staticmethod(_socket.gethostbyname)
    gethostbyname_ex = staticmethod(_socket.gethostbyname_ex)
    getaddrinfo = staticmethod(_socket.getaddrinfo)
    gethostbyaddr = staticmethod(_socket.gethostbyaddr)
    getnameinfo = staticmethod(_socket.getnameinfo)
