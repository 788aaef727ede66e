// SPDX-License-Identifier: MIT
//
// What every source of this floor needs of Python: its header, and Ref, which owns a reference.
//
// All of it is called with the GIL held, unless something else is said. A function that returns a PyObject* returns a
// new reference, or nullptr with a Python error set.

#pragma once

#define PY_SSIZE_T_CLEAN  // NOLINT(readability-identifier-naming): CPython reads it
#include <Python.h>

#include <utility>

namespace tendril::python {

// A reference that it owns; may be empty.
class Ref {
public:
    Ref() noexcept = default;
    Ref(Ref&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
    Ref& operator=(Ref&& other) noexcept {
        Ref old(std::exchange(object_, std::exchange(other.object_, nullptr)));
        return *this;
    }
    Ref(const Ref&) = delete;
    Ref& operator=(const Ref&) = delete;
    ~Ref() { Py_XDECREF(object_); }

    static Ref taken(PyObject* object) noexcept {  // takes over the reference
        Ref ref;
        ref.object_ = object;
        return ref;
    }
    static Ref shared(PyObject* object) noexcept { return taken(Py_XNewRef(object)); }

    PyObject* get() const noexcept { return object_; }
    PyObject* release() noexcept { return std::exchange(object_, nullptr); }
    explicit operator bool() const noexcept { return object_ != nullptr; }

private:
    explicit Ref(PyObject* object) noexcept : object_(object) {}
    PyObject* object_ = nullptr;
};

// Casts what METH_FASTCALL and slots want.
template <class F>
PyCFunction as_method(F* function) noexcept {
    return reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(function));
}

template <class F>
void* as_slot(F* function) noexcept {
    return reinterpret_cast<void*>(function);
}

// Makes a heap type and adds it to the module under the last part of its name. Returns: a borrowed reference, which
// the module keeps; nullptr with an error set.
PyTypeObject* add_type(PyObject* module, PyType_Spec& spec, PyTypeObject* base = nullptr) noexcept;

}  // namespace tendril::python
