// SPDX-License-Identifier: MIT
//
// RawObject: greenlet.greenlet of the package greenlet, for tendril.greenlet: a flow of control that runs only when
// another one switches to it.
//
// 1. Each is a green thread of its own. All that descend from one ordinary green thread, their root, are a family, in
//    which only one runs at a time: the others are parked in a switch, or wait for the hub.
// 2. One that runs owns a reference to itself. It passes that on to the one it switches to, as `origin`, which drops it
//    once it runs: so one that is parked lives as long as others refer to it.
// 3. One that is parked and loses its last reference gets a GreenletExit, and the caller waits for its end.

#pragma once

#include "python/python.hpp"

#include <cstdint>

namespace tendril::detail {
struct Waiter;
}  // namespace tendril::detail

namespace tendril::python {

struct State;

// What one that is switched to gets there: an exception, or arguments.
struct Parcel {
    Ref value;   // a tuple; if `single`, the one argument itself
    Ref kwargs;  // a dict, or empty
    Ref error;   // an exception, or empty
    bool single = false;

    static Parcel of(Ref result) noexcept;  // of a function that has returned
    static Parcel raised() noexcept;        // the Python error that is set; of a GreenletExit its object as a result
    void swallow_exit() noexcept;           // turns a GreenletExit into a result
};

struct RawObject {
    enum class Stage : std::uint8_t { made, started, dead };

    PyObject_HEAD PyObject* dict;
    PyObject* weakrefs;
    PyObject* run;           // what it is to call, or calls
    PyObject* context;       // before it starts and after its end: its contextvars
    RawObject* parent;       // nullptr: a root
    RawObject* root;         // nullptr: a root
    RawObject* origin;       // of the switch that lets it run next
    State* state;            // while it has begun and not ended
    detail::Waiter* waiter;  // while it is parked in a switch
    Parcel parcel;           // from the switch to it until it runs
    Parcel call;             // while it runs: the arguments
    Stage stage;
    bool loose;  // it is in park()
};

extern PyTypeObject* raw_type;
extern PyObject* raw_error;  // greenlet.error

inline PyObject* object(RawObject& raw) noexcept {
    return reinterpret_cast<PyObject*>(&raw);
}
inline RawObject& family(RawObject& raw) noexcept {
    return raw.root != nullptr ? *raw.root : raw;
}
inline bool is_root(const RawObject& raw) noexcept {
    return raw.root == nullptr;
}

// The running one; borrowed. The first call in a green thread makes its root. nullptr: with an error set.
RawObject* current_raw() noexcept;

// For the end of a State that has a root.
void end_root(State& state) noexcept;

int add_raw_greenlet(PyObject* module) noexcept;

}  // namespace tendril::python
