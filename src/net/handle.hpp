// SPDX-License-Identifier: MIT
//
// Handle::use: inline, for it is in front of every recv and send.

#pragma once

#include <tendril/detail/net/handle.hpp>

#include "hub/descriptor.hpp"
#include "hub/waiter.hpp"

namespace tendril::detail {

inline Descriptor& Handle::use(const char* object) const {
    const Scheduler* hub = Scheduler::if_any();
    if (descriptor_ == nullptr || hub == nullptr || hub->os.serial != owner_) [[unlikely]] {
        refuse(object);
    }
    return *descriptor_;
}

}  // namespace tendril::detail
