// SPDX-License-Identifier: MIT

#include "python/wsgi_input.hpp"

#include <cstdint>
#include <memory>
#include <new>
#include <string>

#include <tendril/http/request.hpp>
#include <tendril/http/wsgi.hpp>

#include "python/wsgi_call.hpp"

namespace tendril::python {

namespace {

using http::wsgi::Input;

constexpr std::size_t all = PTRDIFF_MAX;

struct InputObject {
    PyObject_HEAD CallObject* call;
    std::unique_ptr<Input> input;  // once something was read
};

PyTypeObject* input_type = nullptr;

InputObject* cast(PyObject* self) noexcept {
    return reinterpret_cast<InputObject*>(self);
}

PyObject* bytes(const std::string& read) noexcept {
    return PyBytes_FromStringAndSize(read.data(), static_cast<Py_ssize_t>(read.size()));
}

// Reads by f(Input&) -> std::string.
template <class F>
PyObject* read_by(InputObject& me, F&& f) noexcept {
    CallObject& call = *me.call;
    if (call.request == nullptr) {
        PyErr_SetString(PyExc_ValueError, "this request is over: its body can no longer be read");
        return nullptr;
    }
    std::string read;
    const bool done = wait_for_client(call, [&] {
        if (me.input == nullptr) {
            me.input = std::make_unique<Input>(call.request->body());
        }
        read = f(*me.input);
    });
    return done ? bytes(read) : nullptr;
}

// An optional number of bytes; none, None or one below 0: all.
bool size_from(PyObject* const* args, Py_ssize_t n, std::size_t& size) noexcept {
    size = all;
    if (n > 1) {
        PyErr_SetString(PyExc_TypeError, "this takes a number of bytes at most");
        return false;
    }
    if (n == 0 || args[0] == Py_None) {
        return true;
    }
    const Py_ssize_t given = PyNumber_AsSsize_t(args[0], PyExc_OverflowError);
    if (given == -1 && PyErr_Occurred() != nullptr) {
        return false;
    }
    size = given < 0 ? all : static_cast<std::size_t>(given);
    return true;
}

PyObject* input_read(PyObject* self, PyObject* const* args, Py_ssize_t n) {
    std::size_t size = 0;
    return size_from(args, n, size) ? read_by(*cast(self), [&](Input& input) { return input.read(size); }) : nullptr;
}

PyObject* input_readline(PyObject* self, PyObject* const* args, Py_ssize_t n) {
    std::size_t size = 0;
    return size_from(args, n, size) ? read_by(*cast(self), [&](Input& input) { return input.readline(size); })
                                    : nullptr;
}

PyObject* input_next(PyObject* self) {
    PyObject* const line = input_readline(self, nullptr, 0);
    if (line != nullptr && PyBytes_GET_SIZE(line) == 0) {
        Py_DECREF(line);
        return nullptr;
    }
    return line;
}

PyObject* input_readlines(PyObject* self, PyObject* const* args, Py_ssize_t n) {
    std::size_t hint = 0;
    Ref lines = Ref::taken(PyList_New(0));
    if (!size_from(args, n, hint) || !lines) {
        return nullptr;
    }
    hint = hint == 0 ? all : hint;
    for (std::size_t read = 0; read < hint;) {
        const Ref line = Ref::taken(input_next(self));
        if (!line) {
            break;
        }
        read += static_cast<std::size_t>(PyBytes_GET_SIZE(line.get()));
        if (PyList_Append(lines.get(), line.get()) != 0) {
            return nullptr;
        }
    }
    return PyErr_Occurred() == nullptr ? lines.release() : nullptr;
}

PyObject* input_close(PyObject* /*self*/, PyObject* /*unused*/) {
    Py_RETURN_NONE;
}

void input_dealloc(PyObject* self) {
    PyTypeObject* const type = Py_TYPE(self);
    cast(self)->input.~unique_ptr();
    Py_DECREF(reinterpret_cast<PyObject*>(cast(self)->call));
    type->tp_free(self);
    Py_DECREF(type);
}

}  // namespace

PyObject* new_input(CallObject& call) noexcept {
    auto* const input = PyObject_New(InputObject, input_type);
    if (input != nullptr) {
        Py_INCREF(reinterpret_cast<PyObject*>(&call));
        input->call = &call;
        new (&input->input) std::unique_ptr<Input>();
    }
    return reinterpret_cast<PyObject*>(input);
}

int add_wsgi_input(PyObject* module) noexcept {
    static PyMethodDef methods[] = {
        {"read", as_method(&input_read), METH_FASTCALL,
         "read(size=-1)\n--\n\nAt most this many bytes; fewer only at the end. Waits for the client; OSError if it is "
         "gone, too slow, or sends what is not valid."},
        {"readline", as_method(&input_readline), METH_FASTCALL,
         "readline(size=-1)\n--\n\nThe next line, with its end, or its first bytes. Waits and raises as read()."},
        {"readlines", as_method(&input_readlines), METH_FASTCALL,
         "readlines(hint=-1)\n--\n\nThe lines that are left, or as many as have this many bytes."},
        {"close", &input_close, METH_NOARGS, "close()\n--\n\nDoes nothing: the server ends the body."},
        {nullptr, nullptr, 0, nullptr}};
    static PyType_Slot slots[] = {{Py_tp_doc, const_cast<char*>("wsgi.input: the body of a request.")},
                                  {Py_tp_dealloc, as_slot(&input_dealloc)},
                                  {Py_tp_iter, as_slot(&PyObject_SelfIter)},
                                  {Py_tp_iternext, as_slot(&input_next)},
                                  {Py_tp_methods, methods},
                                  {0, nullptr}};
    static PyType_Spec spec = {"tendril._tendril.Input", sizeof(InputObject), 0,
                               Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION, slots};
    input_type = add_type(module, spec);
    return input_type == nullptr ? -1 : 0;
}

}  // namespace tendril::python
