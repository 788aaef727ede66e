// SPDX-License-Identifier: MIT

#include "net/pool_slots.hpp"

#include <utility>

#include <tendril/detail/base/check.hpp>

#include "base/on_exit.hpp"
#include "hub/waiter.hpp"

namespace tendril::detail {

PoolSlots::Use::Use(PoolSlots& slots) noexcept : slots_(slots) {
    if (slots_.any()) {
        slots_.crew().use();
    }
}

PoolSlots::Use::~Use() {
    if (slots_.any()) {
        slots_.drop();
        slots_.crew().unuse();
    }
}

void PoolSlots::wait(Descriptor& listener) {
    TENDRIL_ASSERT(any() && full() && listener.writer == nullptr);
    Waiter waiter("serve");
    CrewPlace slot = crew().stand_in_line(waiter);
    const OnExit unnoted([&] {
        if (listener.writer == &waiter) {
            listener.writer = nullptr;
        }
    });
    // Waits as the listener's writer, since nothing writes to a listener: AcceptLoop::wake() and close() wake the
    // writer, and an arriving connection does not. It would wake the reader, and the place in line would be lost.
    listener.writer = &waiter;
    if (waiter.wait(never) == Outcome::handed) {
        Crew::handed_slot(slot);
        held_.emplace(std::move(slot));
    }
}

CrewPlace PoolSlots::take() {
    TENDRIL_ASSERT(any() && !full());
    if (!held_.has_value()) {
        return crew().try_enter();
    }
    CrewPlace slot = *std::move(held_);
    held_.reset();
    return slot;
}

}  // namespace tendril::detail
