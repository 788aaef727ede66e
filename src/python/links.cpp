// SPDX-License-Identifier: MIT

#include "python/links.hpp"

#include <tendril/greenlet.hpp>

#include "python/error.hpp"
#include "python/state.hpp"

namespace tendril::python {

namespace {

// What the green thread of call_soon() runs; owns a reference to the object.
class Call {
public:
    Call(PyObject* object, void* data, void (*f)(PyObject*, void*) noexcept) noexcept
        : object_(Py_NewRef(object)), data_(data), f_(f) {}
    Call(Call&& other) noexcept : object_(std::exchange(other.object_, nullptr)), data_(other.data_), f_(other.f_) {}

    void operator()() noexcept {
        if (State* const state = State::begin()) {
            f_(object_, data_);
            Py_CLEAR(object_);
            state->end();
        }
    }

private:
    PyObject* object_;
    void* data_;
    void (*f_)(PyObject*, void*) noexcept;
};

}  // namespace

bool call_soon(PyObject* object, void* data, void (*f)(PyObject*, void*) noexcept) noexcept {
    return guarded([&] { spawn_n(Call(object, data, f)); });
}

bool Links::add(PyObject* callable) noexcept {
    if (PyCallable_Check(callable) == 0) {
        PyErr_Format(PyExc_TypeError, "a link must be callable; this is %R", callable);
        return false;
    }
    if (list_ == nullptr) {
        list_ = PyList_New(0);
    }
    return list_ != nullptr && PyList_Append(list_, callable) == 0;
}

bool Links::remove(PyObject* callable) noexcept {
    if (list_ == nullptr) {
        return true;
    }
    const Py_ssize_t at = PySequence_Index(list_, callable);
    if (at < 0) {
        const bool absent = PyErr_ExceptionMatches(PyExc_ValueError) != 0;
        if (absent) {
            PyErr_Clear();
        }
        return absent;
    }
    return PySequence_DelItem(list_, at) == 0;
}

void Links::notify(PyObject* self) noexcept {
    if (list_ == nullptr || notifying_ || PyList_GET_SIZE(list_) == 0) {
        return;
    }
    notifying_ = call_soon(
        self, this, [](PyObject* object, void* links) noexcept { static_cast<Links*>(links)->call_all(object); });
    if (!notifying_) {
        PyErr_WriteUnraisable(self);
    }
}

void Links::call_all(PyObject* self) noexcept {
    while (list_ != nullptr && PyList_GET_SIZE(list_) != 0) {
        const Ref link = Ref::shared(PyList_GET_ITEM(list_, 0));
        const bool taken = PyList_SetSlice(list_, 0, 1, nullptr) == 0;
        const Ref result = taken ? Ref::taken(PyObject_CallOneArg(link.get(), self)) : Ref();
        if (!result) {
            PyErr_WriteUnraisable(link.get());
        }
    }
    notifying_ = false;
}

int Links::traverse(visitproc visit, void* arg) const noexcept {
    Py_VISIT(list_);
    return 0;
}

}  // namespace tendril::python
