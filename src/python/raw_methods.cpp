// SPDX-License-Identifier: MIT

#include "python/arguments.hpp"
#include "python/error.hpp"
#include "python/raw_parts.hpp"
#include "python/raw_switch.hpp"

namespace tendril::python {

namespace {

PyObject* raw_switch(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* names) {
    Parcel parcel;
    if (n == 1 && names == nullptr) {
        parcel = Parcel::of(Ref::shared(args[0]));
        return switch_to(*raw_cast(self), std::move(parcel));
    }
    if (!pack_arguments({args, n, names}, 0, parcel.value, parcel.kwargs)) {
        return nullptr;
    }
    return switch_to(*raw_cast(self), std::move(parcel));
}

// The exception that throw(type, value, traceback) means. Returns: empty with an error set.
Ref exception_from(PyObject* type, PyObject* value, PyObject* traceback) noexcept {
    if (traceback == Py_None) {
        traceback = nullptr;
    }
    if (traceback != nullptr && PyTraceBack_Check(traceback) == 0) {
        PyErr_SetString(PyExc_TypeError, "throw() third argument must be a traceback object");
        return {};
    }
    if (PyExceptionInstance_Check(type)) {
        if (value != nullptr && value != Py_None) {
            PyErr_SetString(PyExc_TypeError, "instance exception may not have a separate value");
            return {};
        }
        if (traceback != nullptr) {
            PyException_SetTraceback(type, traceback);
        }
        return Ref::shared(type);
    }
    if (!PyExceptionClass_Check(type)) {
        PyErr_Format(PyExc_TypeError, "exceptions must be classes, or instances, not %s", Py_TYPE(type)->tp_name);
        return {};
    }
    PyObject* given_type = Py_NewRef(type);
    PyObject* given = Py_XNewRef(value);
    PyObject* given_traceback = Py_XNewRef(traceback);
    PyErr_NormalizeException(&given_type, &given, &given_traceback);
    if (given_traceback != nullptr) {
        PyException_SetTraceback(given, given_traceback);
    }
    Py_DECREF(given_type);
    Py_XDECREF(given_traceback);
    return Ref::taken(given);
}

bool parcel_from(PyObject* args, Parcel& parcel) noexcept {
    PyObject* type = errors.greenlet_exit;
    PyObject* value = nullptr;
    PyObject* traceback = nullptr;
    if (PyArg_ParseTuple(args, "|OOO:throw", &type, &value, &traceback) == 0) {
        return false;
    }
    parcel.error = exception_from(type, value, traceback);
    return static_cast<bool>(parcel.error);
}

PyObject* raw_throw(PyObject* self, PyObject* args) {
    Parcel parcel;
    return parcel_from(args, parcel) ? switch_to(*raw_cast(self), std::move(parcel)) : nullptr;
}

PyObject* raw_resume(PyObject* self, PyObject* value) {
    if (!resume(*raw_cast(self), Parcel::of(Ref::shared(value)))) {
        return nullptr;
    }
    Py_RETURN_NONE;
}

PyObject* raw_resume_by_error(PyObject* self, PyObject* args) {
    Parcel parcel;
    if (!parcel_from(args, parcel) || !resume(*raw_cast(self), std::move(parcel))) {
        return nullptr;
    }
    Py_RETURN_NONE;
}

}  // namespace

PyMethodDef raw_methods[] = {
    {"switch", as_method(&raw_switch), METH_FASTCALL | METH_KEYWORDS,
     "switch(*args, **kwargs)\n--\n\nLets it run, and waits until something switches back. What it waits for returns "
     "the arguments: one as it is, more as a tuple. One that has not started calls run() with them; one that has "
     "ended passes them on to its parent. Raises error for a greenlet of another green thread."},
    {"throw", &raw_throw, METH_VARARGS,
     "throw(type=GreenletExit, value=None, traceback=None)\n--\n\nThe same, raising an exception there. One that has "
     "not started never does; its parent gets the exception."},
    {"_resume", &raw_resume, METH_O, "_resume(value)\n--\n\nGives it a value, without waiting."},
    {"_resume_by_error", &raw_resume_by_error, METH_VARARGS, "Gives it an exception, without waiting."},
    {nullptr, nullptr, 0, nullptr}};

}  // namespace tendril::python
