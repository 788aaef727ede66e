// SPDX-License-Identifier: MIT
//
// Makes the Waiter of a wait that is inlined into the caller, in the caller's frame.

#pragma once

#include <cstdint>
#include <new>

#include <tendril/detail/sync/wait_queue.hpp>

#include "hub/waiter.hpp"

namespace tendril::detail {

// The function that ends the wait destroys it.
inline Waiter& make_waiter(WaiterSpace& space, const char* what) {
    static_assert(sizeof(Waiter) <= WaiterSpace::size && alignof(Waiter) == WaiterSpace::size);
    const auto at = (reinterpret_cast<std::uintptr_t>(space.bytes) + WaiterSpace::size - 1) & ~(WaiterSpace::size - 1);
    space.waiter = ::new (reinterpret_cast<void*>(at)) Waiter(what);
    return *space.waiter;
}

}  // namespace tendril::detail
