// SPDX-License-Identifier: MIT
//
// The options of a Python server: a dict whose names are those of http::ServerOptions, and a few of its own.

#pragma once

#include <string>

#include <tendril/http/server.hpp>

#include "python/python.hpp"

namespace tendril::python {

class WsgiApplication;

struct TlsFiles {
    std::string certfile;  // empty: no TLS
    std::string keyfile;
    std::string password;
    std::string ca_certs;
    long verify = 0;  // as ssl.CERT_NONE, CERT_OPTIONAL, CERT_REQUIRED
    std::string ciphers;
};

// Reads the dict. Returns: false with TypeError or ValueError set, which names the option.
bool read_options(PyObject* dict, http::ServerOptions& options, TlsFiles& tls, WsgiApplication& application) noexcept;

}  // namespace tendril::python
