// SPDX-License-Identifier: MIT
//
// A call of Python in an OS thread of the library's, such as a worker of a ThreadPool: those have no PyThreadState
// before, and do not hold the GIL.

#pragma once

#include "python/later.hpp"
#include "python/python.hpp"

namespace tendril::python {

// What a call gave: one of the two. Owns it without the GIL.
class Outcome {
public:
    Outcome() noexcept = default;
    Outcome(PyObject* value, PyObject* error) noexcept : value_(value), error_(error) {}
    Outcome(Outcome&& other) noexcept
        : value_(std::exchange(other.value_, nullptr)), error_(std::exchange(other.error_, nullptr)) {}
    Outcome& operator=(Outcome&& other) noexcept {
        std::swap(value_, other.value_);
        std::swap(error_, other.error_);
        return *this;
    }
    ~Outcome() {
        drop_later(value_);
        drop_later(error_);
    }

    // Returns the value, or raises the error. Called with the GIL.
    PyObject* give() const noexcept;

private:
    PyObject* value_ = nullptr;
    PyObject* error_ = nullptr;
};

// A call to come. Owns its parts without the GIL; made with it.
class ForeignCall {
public:
    ForeignCall(PyObject* function, PyObject* args, PyObject* kwargs) noexcept
        : function_(Py_NewRef(function)), args_(Py_NewRef(args)), kwargs_(Py_XNewRef(kwargs)) {}
    ForeignCall(ForeignCall&& other) noexcept
        : function_(std::exchange(other.function_, nullptr)), args_(std::exchange(other.args_, nullptr)),
          kwargs_(std::exchange(other.kwargs_, nullptr)) {}
    ForeignCall& operator=(ForeignCall&&) = delete;
    ~ForeignCall() {
        drop_later(function_);
        drop_later(args_);
        drop_later(kwargs_);
    }

    // Takes the GIL for as long as it lasts. An OS thread that the interpreter ends meanwhile, since it ends itself,
    // stays here for good.
    Outcome operator()();

private:
    PyObject* function_;
    PyObject* args_;
    PyObject* kwargs_;
};

}  // namespace tendril::python
