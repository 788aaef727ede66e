// SPDX-License-Identifier: MIT
//
// How a function of the module waits, and how it understands how long.

#pragma once

#include "python/error.hpp"
#include "python/python.hpp"
#include "python/state.hpp"

#include <exception>

#include <tendril/deadline.hpp>

namespace tendril::python {

// Runs f(), which may suspend the green thread, and must touch nothing of Python's. Returns: false with an error
// of Python set: also the one that a kill or an Alarm raises here.
template <class F>
bool waiting(F&& f) noexcept {
    State* const here = State::here();
    if (here == nullptr) {
        return false;
    }
    std::exception_ptr error;
    bool left = false;
    try {
        have_hub();
        here->leave();
        left = true;
        f();
    } catch (...) {
        error = std::current_exception();
    }
    if (left) {
        here->return_to();
    }
    if (error == nullptr) [[likely]] {
        return true;
    }
    return guarded([&] { std::rethrow_exception(std::move(error)); });
}

// Reads a number of seconds. Returns: false with TypeError or ValueError set.
bool seconds_from(PyObject* seconds, double& value) noexcept;

// Reads a timeout: seconds from now (one below 0 has passed), or None or nullptr for never. Reads the clock.
bool deadline_from(PyObject* seconds, Deadline& deadline) noexcept;

// Lets a kill be raised here that has come for the running green thread: for calls that did not have to wait, which let
// others run when it is their turn. Returns: false with a Python error set.
bool spend_turn() noexcept;

}  // namespace tendril::python
