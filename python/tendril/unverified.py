# SPDX-License-Identifier: MIT
"""ssl.wrap_socket() as the standard library had it, for the modules of gevent's and eventlet's shapes."""

import ssl


def wrap(sock, keyfile, certfile, server_side, cert_reqs, ca_certs, handshake, suppress_ragged_eofs, ciphers):
    """A TLS socket made of a socket, which is of no use afterwards. Verifies nothing unless cert_reqs says so."""
    if server_side and not certfile:
        raise ValueError("certfile must be specified for server-side operations")
    if keyfile and not certfile:
        raise ValueError("certfile must be specified")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if server_side else ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = cert_reqs
    if ca_certs:
        context.load_verify_locations(ca_certs)
    if certfile:
        context.load_cert_chain(certfile, keyfile)
    if ciphers:
        context.set_ciphers(ciphers)
    return context.wrap_socket(sock, server_side, handshake, suppress_ragged_eofs)
