// SPDX-License-Identifier: MIT
//
// Waits that end only by what a reference can reach, so that the garbage collector may find that they never end.
//
// 1. An object that green threads wait for has a Waits. It visits the green threads that wait in it: each of them has
//    one reference, that of its State, and while nobody else has one, this object alone can let it go on.
// 2. That reference is visited only while all of it is certain: see collectible(). Else the collector takes the green
//    thread for referenced from outside, and it and what it refers to stay.
// 3. A green thread that is unreachable is killed by its finalizer. From then on it is not collectible, so all that it
//    refers to is reachable again, and nothing is freed before it has unwound.

#pragma once

#include "python/arguments.hpp"
#include "python/python.hpp"
#include "python/state.hpp"
#include "python/suspended.hpp"
#include "python/waiting.hpp"

#include <utility>

#include <tendril/deadline.hpp>
#include <tendril/detail/base/list.hpp>

namespace tendril::python {

// Of a method that has been called so.
inline CallSite site_of(PyObject* self, const Call& call, PyObject* item = nullptr) noexcept {
    return {self, call.args, call.given + (call.names != nullptr ? PyTuple_GET_SIZE(call.names) : 0), item};
}
// Of a step of an iteration over `self`.
inline CallSite step_of(PyObject* self) noexcept {
    return {self, nullptr, 0, nullptr};
}

// One wait, on the stack of its green thread. In the list and in its State until it ends, or until forget().
struct Awaiting : detail::ListNode {
    State& state;
    const CallSite& site;
    bool begun = false;  // and not over

    Awaiting(State& s, const CallSite& call, detail::List<Awaiting>& list) noexcept : state(s), site(call) {
        list.push_back(*this);
        state.awaiting = this;
    }
    Awaiting(const Awaiting&) = delete;
    Awaiting& operator=(const Awaiting&) = delete;
    ~Awaiting() { forget(); }

    void forget() noexcept {
        unlink();
        state.awaiting = nullptr;
    }
    bool lasts() const noexcept;        // it is certain that it has not ended, and what its green thread owns
    bool collectible() const noexcept;  // ... and the green thread can be killed by its finalizer
};

// From before a fork until it is over, in the child once the parent's green threads have been ended. In between the
// interpreter frees their PyThreadStates there, and then runs Python, such as threading's own, in which it may collect.
void collect_no_green_threads(bool none) noexcept;

class Waits {
public:
    int traverse(visitproc visit, void* arg) const noexcept;

    // waiting(f), in the method of `site`, for what only the object of these Waits can bring.
    template <class F>
    bool wait(const CallSite& site, const Deadline& deadline, F&& f) noexcept;

private:
    static bool note_fiber(State& here) noexcept;  // false: of no Greenlet that was spawned

    mutable detail::List<Awaiting> list_;
};

template <class F>
bool Waits::wait(const CallSite& site, const Deadline& deadline, F&& f) noexcept {
    State* const here = State::here();
    if (here == nullptr || !here->own || !deadline.is_never() || (here->fiber == nullptr && !note_fiber(*here))) {
        return waiting(std::forward<F>(f));
    }
    Awaiting awaiting(*here, site, list_);
    return waiting([&] {
        struct During {
            bool& begun;
            explicit During(bool& b) noexcept : begun(b) { begun = true; }
            During(const During&) = delete;
            During& operator=(const During&) = delete;
            ~During() { begun = false; }
        } const during(awaiting.begun);
        f();
    });
}

// What a Greenlet visits of its own green thread.
int visit_suspended(State& state, visitproc visit, void* arg) noexcept;

}  // namespace tendril::python
