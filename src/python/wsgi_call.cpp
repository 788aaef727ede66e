// SPDX-License-Identifier: MIT

#include "python/wsgi_call.hpp"

#include <array>
#include <structmember.h>

#include <cstddef>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>

#include <tendril/http/request.hpp>
#include <tendril/http/response.hpp>
#include <tendril/http/server.hpp>

#include "http/message/chars.hpp"

namespace tendril::python {

namespace {

using http::detail::is_digit;
using http::detail::same_ignoring_case;

PyTypeObject* call_type = nullptr;

CallObject* cast(PyObject* self) noexcept {
    return reinterpret_cast<CallObject*>(self);
}

// The text of a str of latin-1; what: names it in the TypeError or ValueError.
bool latin1(PyObject* value, const char* what, std::string_view& view) noexcept {
    if (PyUnicode_Check(value) == 0) {
        PyErr_Format(PyExc_TypeError, "%s of a WSGI application must be a str, not %.100s", what,
                     Py_TYPE(value)->tp_name);
        return false;
    }
    if (PyUnicode_READY(value) != 0) {
        return false;
    }
    if (PyUnicode_KIND(value) != PyUnicode_1BYTE_KIND) {
        PyErr_Format(PyExc_ValueError, "%s of a WSGI application has characters that are not latin-1: %.200R", what,
                     value);
        return false;
    }
    view = {reinterpret_cast<const char*>(PyUnicode_1BYTE_DATA(value)),
            static_cast<std::size_t>(PyUnicode_GET_LENGTH(value))};
    return true;
}

bool set_status(CallObject& call, PyObject* status) noexcept {
    std::string_view text;
    if (!latin1(status, "the status", text)) {
        return false;
    }
    const bool good = text.size() >= 3 && text[0] >= '2' && text[0] <= '5' && is_digit(text[1]) && is_digit(text[2]) &&
                      (text.size() == 3 || text[3] == ' ');
    if (!good) {
        PyErr_Format(PyExc_ValueError, "a WSGI application's status is not like '200 OK': %.200R", status);
        return false;
    }
    const int code = (text[0] - '0') * 100 + (text[1] - '0') * 10 + (text[2] - '0');
    const std::string_view reason = text.substr(text.size() > 4 ? 4 : text.size());
    return guarded([&] { call.response->status(code, reason); });
}

enum class Use { sent, left_out, refused };

// Some fields are the server's business. "Connection: close" is obeyed, as all servers do.
Use use_of(std::string_view name, std::string_view value) noexcept {
    switch (name.size()) {
    case 2:
        return same_ignoring_case(name, "TE") ? Use::refused : Use::sent;
    case 7:
        return same_ignoring_case(name, "Upgrade") || same_ignoring_case(name, "Trailer") ? Use::refused : Use::sent;
    case 10:
        if (same_ignoring_case(name, "Connection")) {
            return same_ignoring_case(value, "close") ? Use::sent : Use::left_out;
        }
        return same_ignoring_case(name, "Keep-Alive") ? Use::left_out : Use::sent;
    case 17:
        return same_ignoring_case(name, "Transfer-Encoding") ? Use::refused : Use::sent;
    default:
        return Use::sent;
    }
}

bool add_header(http::Headers& headers, PyObject* item) noexcept {
    if (PyTuple_Check(item) == 0 || PyTuple_GET_SIZE(item) != 2) {
        PyErr_Format(PyExc_TypeError, "a header of a WSGI application must be a tuple (name, value), not %.200R", item);
        return false;
    }
    std::string_view name;
    std::string_view value;
    if (!latin1(PyTuple_GET_ITEM(item, 0), "a header's name", name) ||
        !latin1(PyTuple_GET_ITEM(item, 1), "a header's value", value)) {
        return false;
    }
    switch (use_of(name, value)) {
    case Use::left_out:
        return true;
    case Use::refused:
        PyErr_Format(PyExc_ValueError, "the header %R may only be set by the server: leave it out",
                     PyTuple_GET_ITEM(item, 0));
        return false;
    case Use::sent:
        break;
    }
    return guarded([&] { headers.add(name, value); });
}

bool set_headers(CallObject& call, PyObject* given) noexcept {
    const Ref list = Ref::taken(PySequence_Fast(given, "the headers of a WSGI application must be a list of tuples"));
    http::Headers* headers = nullptr;
    if (!list || !guarded([&] {
            headers = &call.response->headers();
            headers->clear();
        })) {
        return false;
    }
    for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(list.get()); ++i) {
        if (!add_header(*headers, PySequence_Fast_GET_ITEM(list.get(), i))) {
            return false;
        }
    }
    return true;
}

// Raises what exc_info has.
void restore(PyObject* exc_info) noexcept {
    if (PyTuple_Check(exc_info) == 0 || PyTuple_GET_SIZE(exc_info) != 3) {
        PyErr_SetString(PyExc_TypeError, "exc_info must be what sys.exc_info() returns");
        return;
    }
    PyObject* const traceback = PyTuple_GET_ITEM(exc_info, 2);
    PyErr_Restore(Py_NewRef(PyTuple_GET_ITEM(exc_info, 0)), Py_NewRef(PyTuple_GET_ITEM(exc_info, 1)),
                  traceback == Py_None ? nullptr : Py_NewRef(traceback));
}

bool is_over(const CallObject& call) noexcept {
    if (call.request == nullptr) {
        PyErr_SetString(PyExc_RuntimeError, "this request is over: its response has been sent");
    }
    return call.request == nullptr;
}

PyObject* call_write(PyObject* self, PyObject* piece) {
    if (is_over(*cast(self)) || !write_piece(*cast(self), piece)) {
        return nullptr;
    }
    Py_RETURN_NONE;
}

PyMethodDef write_method = {"write", &call_write, METH_O,
                            "write(data)\n--\n\nSends bytes of the body before those that the application returns. "
                            "Waits for the client; OSError if it is gone."};

PyObject* start_response(PyObject* self, PyObject* const* args, std::size_t flags, PyObject* names) {
    CallObject& call = *cast(self);
    const Py_ssize_t n = PyVectorcall_NARGS(flags);
    PyObject* exc_info = n > 2 ? args[2] : Py_None;
    if (names != nullptr && PyTuple_GET_SIZE(names) == 1 && n == 2 &&
        PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(names, 0), "exc_info") == 0) {
        exc_info = args[2];
    } else if (n < 2 || n > 3 || (names != nullptr && PyTuple_GET_SIZE(names) != 0)) {
        PyErr_SetString(PyExc_TypeError, "start_response takes (status, headers, exc_info=None)");
        return nullptr;
    }
    if (is_over(call)) {
        return nullptr;
    }
    if (exc_info != Py_None && call.begun) {
        restore(exc_info);
        return nullptr;
    }
    if (exc_info == Py_None && call.started) {
        PyErr_SetString(PyExc_AssertionError,
                        "a WSGI application called start_response() twice without an error to report");
        return nullptr;
    }
    if (!set_status(call, args[0]) || !set_headers(call, args[1])) {
        return nullptr;
    }
    call.started = true;
    return PyCFunction_New(&write_method, self);
}

void call_dealloc(PyObject* self) {
    PyTypeObject* const type = Py_TYPE(self);
    cast(self)->client_error.~exception_ptr();
    type->tp_free(self);
    Py_DECREF(type);
}

}  // namespace

CallObject* new_call(http::Request& request, http::Response& response) noexcept {
    auto* const call = PyObject_New(CallObject, call_type);
    if (call != nullptr) {
        call->call = &start_response;
        call->request = &request;
        call->response = &response;
        new (&call->client_error) std::exception_ptr();
        call->started = call->begun = false;
    }
    return call;
}

bool fix_head(CallObject& call) noexcept {
    if (!call.started) {
        PyErr_SetString(PyExc_AssertionError, "a WSGI application has not called start_response()");
        return false;
    }
    call.begun = true;
    return true;
}

bool write_piece(CallObject& call, PyObject* piece) noexcept {
    if (PyBytes_Check(piece) == 0) {
        PyErr_Format(PyExc_TypeError, "a WSGI application's body must be made of bytes, not %.100s",
                     Py_TYPE(piece)->tp_name);
        return false;
    }
    if (PyBytes_GET_SIZE(piece) == 0) {
        return true;
    }
    if (!call.begun && !fix_head(call)) {
        return false;
    }
    if (!http::may_have_body(call.response->status())) {
        return true;  // such a status has none, whatever the application says
    }
    const std::string_view bytes(PyBytes_AS_STRING(piece), static_cast<std::size_t>(PyBytes_GET_SIZE(piece)));
    return wait_for_client(call, [&] { call.response->write(bytes); });
}

int add_wsgi_call(PyObject* module) noexcept {
    static PyMemberDef members[] = {{"__vectorcalloffset__", T_PYSSIZET, offsetof(CallObject, call), READONLY, nullptr},
                                    {nullptr, 0, 0, 0, nullptr}};
    static PyType_Slot slots[] = {{Py_tp_doc, const_cast<char*>("The start_response of one request.")},
                                  {Py_tp_dealloc, as_slot(&call_dealloc)},
                                  {Py_tp_call, as_slot(&PyVectorcall_Call)},
                                  {Py_tp_members, members},
                                  {0, nullptr}};
    static PyType_Spec spec = {"tendril._tendril.StartResponse", sizeof(CallObject), 0,
                               Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_DISALLOW_INSTANTIATION,
                               slots};
    call_type = add_type(module, spec);
    return call_type == nullptr ? -1 : 0;
}

}  // namespace tendril::python
