// SPDX-License-Identifier: MIT

#include "python/arguments.hpp"

#include "python/waiting.hpp"

namespace tendril::python {

bool read_arguments(const char* function, std::span<const char* const> names, std::size_t required, const Call& call,
                    std::span<PyObject*> into) noexcept {
    const auto given = static_cast<std::size_t>(call.given);
    if (given > names.size()) {
        PyErr_Format(PyExc_TypeError, "%s() takes at most %zu argument%s; %zu were given", function, names.size(),
                     names.size() == 1 ? "" : "s", given);
        return false;
    }
    for (std::size_t i = 0; i < given; ++i) {
        into[i] = call.args[i];
    }
    const Py_ssize_t named = call.names == nullptr ? 0 : PyTuple_GET_SIZE(call.names);
    for (Py_ssize_t i = 0; i < named; ++i) {
        PyObject* const name = PyTuple_GET_ITEM(call.names, i);
        std::size_t at = 0;
        while (at < names.size() && PyUnicode_CompareWithASCIIString(name, names[at]) != 0) {
            ++at;
        }
        if (at == names.size()) {
            PyErr_Format(PyExc_TypeError, "%s() has no argument %R", function, name);
            return false;
        }
        if (at < given) {
            PyErr_Format(PyExc_TypeError, "%s() got its argument %R twice", function, name);
            return false;
        }
        into[at] = call.args[call.given + i];
    }
    for (std::size_t i = given; i < required; ++i) {
        if (into[i] == nullptr) {
            PyErr_Format(PyExc_TypeError, "%s() needs its argument '%s'", function, names[i]);
            return false;
        }
    }
    return true;
}

bool pack_arguments(const Call& call, Py_ssize_t first, Ref& tuple, Ref& keywords) noexcept {
    tuple = Ref::taken(PyTuple_New(call.given - first));
    if (!tuple) {
        return false;
    }
    for (Py_ssize_t i = first; i < call.given; ++i) {
        PyTuple_SET_ITEM(tuple.get(), i - first, Py_NewRef(call.args[i]));
    }
    const Py_ssize_t named = call.names == nullptr ? 0 : PyTuple_GET_SIZE(call.names);
    if (named == 0) [[likely]] {
        return true;
    }
    keywords = Ref::taken(PyDict_New());
    for (Py_ssize_t i = 0; keywords && i < named; ++i) {
        if (PyDict_SetItem(keywords.get(), PyTuple_GET_ITEM(call.names, i), call.args[call.given + i]) != 0) {
            return false;
        }
    }
    return static_cast<bool>(keywords);
}

bool truth_from(PyObject* value, bool& into) noexcept {
    if (value == nullptr) {
        return true;
    }
    const int truth = PyObject_IsTrue(value);
    into = truth > 0;
    return truth >= 0;
}

bool read_lock_patience(const Call& call, Patience& into) noexcept {
    static constexpr const char* names[] = {"blocking", "timeout"};
    PyObject* values[2] = {};
    if (!read_arguments("acquire", names, 0, call, values) || !truth_from(values[0], into.block)) {
        return false;
    }
    into.timeout = values[1] == Py_None ? nullptr : values[1];
    if (into.timeout != nullptr) {
        double seconds = 0;
        if (!seconds_from(into.timeout, seconds)) {
            return false;
        }
        if (seconds == -1.0) {
            into.timeout = nullptr;
        }
    }
    if (into.timeout != nullptr && !into.block) {
        PyErr_SetString(PyExc_ValueError, "a call that does not block has no timeout");
        return false;
    }
    return true;
}

}  // namespace tendril::python
