// SPDX-License-Identifier: MIT

#include <tendril/detail/sync/parking.hpp>

#include "base/on_exit.hpp"
#include "hub/here.hpp"
#include "hub/waiter.hpp"
#include "sync/waiter_space.hpp"

namespace tendril::detail {

Parking::Parking(const char* object) : object_(object), owner_(here::owner()) {}

void Parking::wait(const char* what) {
    if (woken_) {
        return;
    }
    Waiter waiter(what);
    waiter_ = &waiter;
    const OnExit gone([this] { waiter_ = nullptr; });
    waiter.wait_inline(never);
}

void Parking::begin_wait(WaiterSpace& space, const char* what) {
    Waiter& waiter = make_waiter(space, what);
    waiter.prepare(never);
    waiter.note();
    waiter_ = &waiter;
}

void Parking::end_wait(WaiterSpace& space) {
    const OnExit destroyed([&] {
        waiter_ = nullptr;
        space.waiter->~Waiter();
    });
    space.waiter->resumed();
    space.waiter->settle();
}

void Parking::wake() {
    here::require_owner(object_, owner_);
    woken_ = true;
    if (waiter_ != nullptr) [[likely]] {
        waiter_->resolve(Outcome::signalled);
    }
}

}  // namespace tendril::detail
