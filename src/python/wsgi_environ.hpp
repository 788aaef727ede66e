// SPDX-License-Identifier: MIT
//
// The environ of WSGI applications, made straight from a request.
//
// A server has a dict of what never changes (`common`), a connection a copy with its addresses, a request a copy of
// that with what the client sent. Keys are made once: the one of "User-Agent" is found by the name as it was sent.

#pragma once

#include "python/python.hpp"

namespace tendril {
class Network;
namespace http {
class Request;
}
}  // namespace tendril

namespace tendril::python {

// Makes the keys. Returns: false with a Python error set.
bool prepare_environ() noexcept;

// What is the same for all connections of a server: PEP 3333's constants, and `more`, a dict or nullptr, which may
// replace them.
Ref common_environ(PyObject* error_stream, PyObject* file_wrapper, PyObject* more) noexcept;

// What is the same for all requests of a connection.
Ref connection_environ(PyObject* common, const http::Request& request) noexcept;

// For one request; input: wsgi.input. secure_proxy: the connection is a trusted proxy's, whose X-Forwarded-Proto holds.
Ref request_environ(PyObject* of_connection, http::Request& request, PyObject* input, bool secure_proxy) noexcept;

}  // namespace tendril::python
