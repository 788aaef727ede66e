// SPDX-License-Identifier: MIT

#include "python/functions.hpp"

#include <tendril/fork.hpp>
#include <tendril/greenlet.hpp>

#include "hub/here.hpp"
#include "python/arguments.hpp"
#include "python/error.hpp"
#include "python/greenlet.hpp"
#include "python/state.hpp"
#include "python/waiting.hpp"

namespace tendril::python {

namespace {

// (callable, *args) and keywords of a vectorcall, from the argument `first` on.
GreenletObject* greenlet_from(PyObject* const* args, Py_ssize_t n, PyObject* names, Py_ssize_t first) noexcept {
    if (n <= first) {
        PyErr_SetString(PyExc_TypeError, "a green thread needs something to call");
        return nullptr;
    }
    const Ref rest = Ref::taken(PyTuple_New(n - first - 1));
    if (!rest) {
        return nullptr;
    }
    for (Py_ssize_t i = first + 1; i < n; ++i) {
        PyTuple_SET_ITEM(rest.get(), i - first - 1, Py_NewRef(args[i]));
    }
    Ref keywords;
    if (names != nullptr && PyTuple_GET_SIZE(names) != 0) {
        keywords = Ref::taken(PyDict_New());
        for (Py_ssize_t i = 0; keywords && i < PyTuple_GET_SIZE(names); ++i) {
            if (PyDict_SetItem(keywords.get(), PyTuple_GET_ITEM(names, i), args[n + i]) != 0) {
                return nullptr;
            }
        }
        if (!keywords) {
            return nullptr;
        }
    }
    return new_greenlet(args[first], rest.get(), keywords.get());
}

PyObject* started(GreenletObject* greenlet, const Deadline* delay) noexcept {
    if (greenlet == nullptr) {
        return nullptr;
    }
    if (!start(*greenlet, delay)) {
        Py_DECREF(reinterpret_cast<PyObject*>(greenlet));
        return nullptr;
    }
    return reinterpret_cast<PyObject*>(greenlet);
}

PyObject* spawn_function(PyObject* /*module*/, PyObject* const* args, Py_ssize_t n, PyObject* names) {
    return started(greenlet_from(args, n, names, 0), nullptr);
}

PyObject* spawn_n_function(PyObject* module, PyObject* const* args, Py_ssize_t n, PyObject* names) {
    const Ref greenlet = Ref::taken(spawn_function(module, args, n, names));
    if (!greenlet) {
        return nullptr;
    }
    Py_RETURN_NONE;
}

PyObject* spawn_after_function(PyObject* /*module*/, PyObject* const* args, Py_ssize_t n, PyObject* names) {
    Deadline delay;
    if (n < 1) {
        PyErr_SetString(PyExc_TypeError, "spawn_after needs a number of seconds, and something to call");
        return nullptr;
    }
    return deadline_from(args[0], delay) ? started(greenlet_from(args, n, names, 1), &delay) : nullptr;
}

PyObject* sleep_function(PyObject* /*module*/, PyObject* const* args, Py_ssize_t n, PyObject* keywords) {
    static constexpr const char* names[] = {"seconds"};
    PyObject* named[1] = {};
    if (n > 1 || keywords != nullptr) [[unlikely]] {
        if (!read_arguments("sleep", names, 0, {args, n, keywords}, named)) {
            return nullptr;
        }
        args = named;
        n = 1;
    }
    static PyObject* const zero = PyLong_FromLong(0);  // the only one: the interpreter keeps small numbers
    double seconds = 0;
    const bool endless = n == 1 && args[0] == Py_None;
    if (n == 1 && args[0] != zero && !endless && !seconds_from(args[0], seconds)) {
        return nullptr;
    }
    if (seconds < 0) {
        PyErr_SetString(PyExc_ValueError, "sleep needs a number of seconds that is not below 0");
        return nullptr;
    }
    if (seconds == 0 && !endless) {
        if (!waiting([] { yield(); })) {
            return nullptr;
        }
        Py_RETURN_NONE;
    }
    Deadline deadline;
    if (!deadline_from(args[0], deadline) || !waiting([&] { sleep(deadline); })) {
        return nullptr;
    }
    Py_RETURN_NONE;
}

PyObject* getcurrent_function(PyObject* /*module*/, PyObject* /*unused*/) {
    return Py_XNewRef(reinterpret_cast<PyObject*>(current_greenlet()));
}

PyObject* seconds_function(PyObject* /*module*/, PyObject* value) {
    double seconds = 0;
    return seconds_from(value, seconds) ? PyFloat_FromDouble(seconds) : nullptr;
}

PyObject* set_timeout_function(PyObject* /*module*/, PyObject* type) {
    errors.timeout = Py_NewRef(type);
    Py_RETURN_NONE;
}

}  // namespace

int add_functions(PyObject* module) noexcept {
    static PyMethodDef methods[] = {
        {"spawn", as_method(&spawn_function), METH_FASTCALL | METH_KEYWORDS,
         "spawn(run, *args, **kwargs)\n--\n\nA green thread that runs run(*args, **kwargs), from the caller's next "
         "wait on. Returns its Greenlet."},
        {"spawn_n", as_method(&spawn_n_function), METH_FASTCALL | METH_KEYWORDS,
         "spawn_n(run, *args, **kwargs)\n--\n\nThe same without a Greenlet; what it raises is reported."},
        {"spawn_after", as_method(&spawn_after_function), METH_FASTCALL | METH_KEYWORDS,
         "spawn_after(seconds, run, *args, **kwargs)\n--\n\nThe same, beginning after a time."},
        {"sleep", as_method(&sleep_function), METH_FASTCALL | METH_KEYWORDS,
         "sleep(seconds=0)\n--\n\nLets other green threads run, at least so long; None: until a kill."},
        {"getcurrent", &getcurrent_function, METH_NOARGS,
         "getcurrent()\n--\n\nThe running green thread's Greenlet; of the main one too, which has no end."},
        {"_seconds", &seconds_function, METH_O, nullptr},
        {"_set_timeout", &set_timeout_function, METH_O, nullptr},
        {nullptr, nullptr, 0, nullptr}};
    return PyModule_AddFunctions(module, methods);
}

}  // namespace tendril::python
