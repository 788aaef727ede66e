// SPDX-License-Identifier: MIT

#include "hub/drowsy.hpp"

#include "hub/hub_core.hpp"

namespace tendril::detail {

namespace {
constexpr std::int64_t packing_ns = 300'000;  // at a time, between two polls
}

Drowsy::Drowsy() noexcept : fiber_(HubCore::here().current) {
    const StackTop* const stack = fiber_->stack;
    if (stack != nullptr && !fiber_->daemon && stack->bounds.contains(__builtin_frame_address(0))) {
        HubCore::of(*fiber_).drowsy.push_back(*this);
    }
}

// The running green thread polls on its own stack, so that one stays until another one polls. Returns: whether more can
// be packed away now.
bool HubCore::pack_drowsy() noexcept {
    const std::int64_t until = Deadline::now_ns() + packing_ns;
    for (Drowsy *each = drowsy.front(), *next = nullptr; each != nullptr; each = next) {
        if (Deadline::now_ns() >= until) {
            return true;
        }
        next = drowsy.after(*each);
        Fiber& fiber = *each->fiber_;
        if (&fiber != current && fiber.parked()) {
            each->unlink();  // before its links are packed
            os.hibernation.put_away(*fiber.stack, stopped_at(fiber));
        }
    }
    return false;
}

}  // namespace tendril::detail
