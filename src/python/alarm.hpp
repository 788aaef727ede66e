// SPDX-License-Identifier: MIT
//
// Alarm: raises an exception in the green thread that armed it, after a time. tendril.Timeout is made of it.
//
// Armed, it keeps a reference to itself, until its exception has been raised, it is cancelled, or its green thread has
// ended.

#pragma once

#include "python/python.hpp"

#include <tendril/detail/base/list.hpp>

namespace tendril::python {

struct AlarmObject;
struct State;

struct InState : detail::ListNode {};  // what a State's list of armed Alarms links

// For the Raise that it has thrown: disarms it. Returns: its exception.
Ref take_error(AlarmObject& alarm) noexcept;

// Disarms those of a green thread that ends.
void cancel_alarms(State& state) noexcept;

// A new Alarm of the error; nullptr with a Python error set.
PyObject* make_alarm(PyObject* error) noexcept;

// Arms an Alarm for the running green thread. `background`: a wait for it alone is a LoopExit. Returns: false with a
// Python error set.
bool arm(PyObject* alarm, PyObject* seconds, bool background) noexcept;
void disarm(PyObject* alarm) noexcept;
bool is_armed(PyObject* alarm) noexcept;

int add_alarm(PyObject* module) noexcept;

}  // namespace tendril::python
