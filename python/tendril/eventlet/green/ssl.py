# SPDX-License-Identifier: MIT
"""The module ssl, with wrap_socket(), whose listening sockets leave the handshake to the connection's own reader."""

import socket as _socket
import ssl as _stdlib

from tendril import unverified
from tendril.eventlet import green  # noqa: F401

globals().update({name: value for name, value in vars(_stdlib).items() if not name.startswith("__")})
GreenSSLSocket = _stdlib.SSLSocket
GreenSSLContext = _stdlib.SSLContext


def wrap_socket(sock, keyfile=None, certfile=None, server_side=False, cert_reqs=_stdlib.CERT_NONE, ssl_version=None,
                ca_certs=None, do_handshake_on_connect=True, suppress_ragged_eofs=True, ciphers=None):
    """A TLS socket made of a socket, which is of no use afterwards. Waits for the handshake if it is connected.

    As in eventlet, the peer's certificate is not looked at unless cert_reqs says so.
    """
    listens = sock.getsockopt(_socket.SOL_SOCKET, _socket.SO_ACCEPTCONN) != 0
    return unverified.wrap(sock, keyfile, certfile, server_side, cert_reqs, ca_certs,
                           do_handshake_on_connect and not listens, suppress_ragged_eofs, ciphers)
