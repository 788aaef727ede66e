// SPDX-License-Identifier: MIT
//
// tendril._tendril.WSGIServer: http::Server with a WSGI application in Python.

#pragma once

#include "python/python.hpp"

namespace tendril::python {

int add_wsgi(PyObject* module) noexcept;  // with the types that it needs

}  // namespace tendril::python
