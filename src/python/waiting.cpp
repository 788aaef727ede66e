// SPDX-License-Identifier: MIT

#include "python/waiting.hpp"

#include <cmath>

#include <tendril/greenlet.hpp>

#include "hub/here.hpp"

namespace tendril::python {

bool seconds_from(PyObject* seconds, double& value) noexcept {
    if (PyLong_CheckExact(seconds)) {
        value = PyLong_AsDouble(seconds);  // PyFloat_AsDouble() makes a float of it
    } else {
        value = PyFloat_CheckExact(seconds) ? PyFloat_AS_DOUBLE(seconds) : PyFloat_AsDouble(seconds);
    }
    if (value == -1.0 && PyErr_Occurred() != nullptr) {
        const PyNumberMethods* const numbers = Py_TYPE(seconds)->tp_as_number;
        if (numbers == nullptr || (numbers->nb_float == nullptr && numbers->nb_index == nullptr)) {
            PyErr_Format(PyExc_TypeError, "a time must be a number of seconds; this is %R", seconds);
        }
        return false;
    }
    if (std::isnan(value)) {
        PyErr_SetString(PyExc_ValueError, "a time must be a number of seconds; this is not a number");
        return false;
    }
    return true;
}

bool deadline_from(PyObject* seconds, Deadline& deadline) noexcept {
    if (seconds == nullptr || seconds == Py_None) {
        deadline = never;
        return true;
    }
    double value = 0;
    if (!seconds_from(seconds, value)) {
        return false;
    }
    constexpr double longest = 9.0e9;  // of what a Duration can hold
    deadline = value >= longest ? never : Deadline(std::chrono::duration<double>(value > 0 ? value : 0));
    return true;
}

bool spend_turn() noexcept {
    if (detail::here::has_hub() && detail::here::spend_turn()) [[unlikely]] {
        return waiting([] { yield(); });
    }
    return true;
}

}  // namespace tendril::python
