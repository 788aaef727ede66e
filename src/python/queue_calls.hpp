// SPDX-License-Identifier: MIT
//
// put(), get() and peek() of tendril.Queue.

#pragma once

#include "python/queue.hpp"

#include <tendril/deadline.hpp>

namespace tendril::python {

// How long a put() or get() waits: reads the clock at its first wait only.
class Limit {
public:
    Limit(bool block, PyObject* timeout) noexcept : block_(block), timeout_(timeout) {}

    // Returns: false with a Python error set: `refusal` if the call must not wait.
    bool begin(PyObject* refusal) noexcept;
    const Deadline& deadline() const noexcept { return deadline_; }

private:
    bool block_;
    bool begun_ = false;
    PyObject* timeout_;
    Deadline deadline_ = never;
};

// Returns: false with a Python error set: WrongThread.
bool check_thread(QueueBody& queue) noexcept;

// Sets the error of a wait that got nothing; `late`: of one that timed out. Returns: false if it is to try again.
bool refused(detail::Outcome outcome, PyObject* late) noexcept;

// `site`: the method that calls this, of the queue.
bool put(const CallSite& site, PyObject* item, Limit limit) noexcept;  // false: with a Python error set
PyObject* get(const CallSite& site, Limit limit) noexcept;
PyObject* peek(const CallSite& site, Limit limit) noexcept;

}  // namespace tendril::python
