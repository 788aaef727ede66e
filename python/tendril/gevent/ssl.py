# SPDX-License-Identifier: MIT
"""gevent.ssl: the standard library's, which cooperates after tendril.patch()."""

import ssl as _ssl

from tendril.gevent import _stdlib

SSLContext, SSLSocket = _ssl.SSLContext, _ssl.SSLSocket


def wrap_socket(sock, keyfile=None, certfile=None, server_side=False, cert_reqs=_ssl.CERT_NONE,
                ssl_version=_ssl.PROTOCOL_TLS, ca_certs=None, do_handshake_on_connect=True,
                suppress_ragged_eofs=True, ciphers=None):
    """Makes a context and wraps the socket by it; as the standard library's of old, it verifies nothing by default."""
    if server_side and not certfile:
        raise ValueError("certfile must be specified for server-side operations")
    if keyfile and not certfile:
        raise ValueError("certfile must be specified")
    context = _ssl.SSLContext(_ssl.PROTOCOL_TLS_SERVER if server_side else _ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = cert_reqs
    if ca_certs:
        context.load_verify_locations(ca_certs)
    if certfile:
        context.load_cert_chain(certfile, keyfile)
    if ciphers:
        context.set_ciphers(ciphers)
    return context.wrap_socket(sock, server_side=server_side, do_handshake_on_connect=do_handshake_on_connect,
                               suppress_ragged_eofs=suppress_ragged_eofs)


__all__ = _stdlib.take(_ssl, globals())
__implements__ = ["SSLContext", "SSLSocket", "wrap_socket", "get_server_certificate"]
