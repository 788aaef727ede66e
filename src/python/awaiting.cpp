// SPDX-License-Identifier: MIT

#include "python/awaiting.hpp"

#include "hub/here.hpp"
#include "hub/waiter.hpp"
#include "python/greenlet.hpp"
#include "python/internals.hpp"

namespace tendril::python {

namespace {

bool none_is_collected = false;

}  // namespace

void collect_no_green_threads(bool none) noexcept {
    none_is_collected = none;
}

// First whether it is of this OS thread: of another one's, nothing may be read that changes without the GIL.
bool Awaiting::lasts() const noexcept {
    if (none_is_collected || !is_of_here(*state.greenlet) || !begun || interpreter_is_over() || is_finalizing()) {
        return false;
    }
    const detail::Fiber& fiber = *state.fiber;
    const detail::Waiter* const waiter = fiber.waiter;
    return waiter != nullptr && waiter->outcome == detail::Outcome::waiting && fiber.attention == 0 &&
           fiber.shields == 0 && !fiber.kill_pending && state.alarms.empty() && state.raw == nullptr &&
           state.greenlet->run != nullptr && frames_are_known(state.thread, site, state.greenlet->run);
}

bool Awaiting::collectible() const noexcept {
    return may_become_garbage(*state.greenlet) && lasts();
}

bool Waits::note_fiber(State& here) noexcept {
    if (here.greenlet == nullptr || here.greenlet->main) {
        return false;
    }
    here.fiber = &detail::here::fiber();
    return true;
}

int Waits::traverse(visitproc visit, void* arg) const noexcept {
    for (Awaiting* each = list_.front(); each != nullptr; each = list_.after(*each)) {
        if (each->collectible()) {
            Py_VISIT(reinterpret_cast<PyObject*>(each->state.greenlet));
        }
    }
    return 0;
}

int visit_suspended(State& state, visitproc visit, void* arg) noexcept {
    const Awaiting* const awaiting = state.awaiting;
    return awaiting != nullptr && awaiting->collectible() ? visit_frames(state.thread, awaiting->site, visit, arg) : 0;
}

}  // namespace tendril::python
