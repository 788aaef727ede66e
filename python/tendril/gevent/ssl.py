# SPDX-License-Identifier: MIT
"""gevent.ssl: the standard library's, which cooperates after tendril.patch()."""

import ssl as _ssl

from tendril import unverified
from tendril.gevent import _stdlib

SSLContext, SSLSocket = _ssl.SSLContext, _ssl.SSLSocket


def wrap_socket(sock, keyfile=None, certfile=None, server_side=False, cert_reqs=_ssl.CERT_NONE,
                ssl_version=_ssl.PROTOCOL_TLS, ca_certs=None, do_handshake_on_connect=True,
                suppress_ragged_eofs=True, ciphers=None):
    """Makes a context and wraps the socket by it; as the standard library's of old, it verifies nothing by default."""
    return unverified.wrap(sock, keyfile, certfile, server_side, cert_reqs, ca_certs, do_handshake_on_connect,
                           suppress_ragged_eofs, ciphers)


__all__ = _stdlib.take(_ssl, globals())
__implements__ = ["SSLContext", "SSLSocket", "wrap_socket", "get_server_certificate"]
