// SPDX-License-Identifier: MIT

#include "python/worker.hpp"

#include "python/error.hpp"
#include "python/greenlet.hpp"
#include "python/state.hpp"
#include "python/stay_at_end.hpp"

namespace tendril::python {

namespace {

// This OS thread's PyThreadState.
struct Own {
    PyThreadState* thread = nullptr;

    Own() noexcept = default;
    Own(const Own&) = delete;
    Own& operator=(const Own&) = delete;
    ~Own() {
        if (thread != nullptr) {
            delete_later(thread);
        }
    }
};
thread_local Own own;

// A Greenlet that stands for this OS thread's own green thread can be dropped here only.
void drop_own_greenlet() noexcept {
    State* const here = own.thread->dict != nullptr ? State::here() : nullptr;
    if (here != nullptr && here->greenlet != nullptr) {
        Py_DECREF(reinterpret_cast<PyObject*>(std::exchange(here->greenlet, nullptr)));
    }
}

}  // namespace

PyObject* Outcome::give() const noexcept {
    if (error_ != nullptr) {
        set_python_error(error_);
        return nullptr;
    }
    if (value_ == nullptr) {
        PyErr_NoMemory();
        return nullptr;
    }
    return Py_NewRef(value_);
}

Outcome ForeignCall::operator()() {
    if (own.thread == nullptr) {
        own.thread = PyThreadState_New(PyInterpreterState_Main());
        if (own.thread == nullptr) {
            return {};
        }
    }
    StayAtEnd stay([] {});
    PyEval_RestoreThread(own.thread);
    PyObject* const value = PyObject_Call(function_, args_, kwargs_);
    PyObject *type = nullptr, *error = nullptr, *traceback = nullptr;
    if (value == nullptr) {
        PyErr_Fetch(&type, &error, &traceback);
        PyErr_NormalizeException(&type, &error, &traceback);
        if (traceback != nullptr) {
            PyException_SetTraceback(error, traceback);
        }
        Py_XDECREF(type);
        Py_XDECREF(traceback);
    }
    Py_CLEAR(function_);
    Py_CLEAR(args_);
    Py_CLEAR(kwargs_);
    drop_own_greenlet();
    PyEval_SaveThread();
    stay.over();
    return {value, error};
}

}  // namespace tendril::python
