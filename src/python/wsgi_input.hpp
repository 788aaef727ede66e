// SPDX-License-Identifier: MIT
//
// wsgi.input: the request's body, as a file that is read only. It waits for the client; its end is the body's end.

#pragma once

#include "python/python.hpp"

namespace tendril::python {

struct CallObject;

PyObject* new_input(CallObject& call) noexcept;

int add_wsgi_input(PyObject* module) noexcept;

}  // namespace tendril::python
