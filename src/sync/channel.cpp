// SPDX-License-Identifier: MIT

#include <tendril/channel.hpp>

#include <tendril/greenlet.hpp>
#include <tendril/shield.hpp>

namespace tendril::detail {

void yield_after_delivery() {
    const Shield shield;
    yield();
}

}  // namespace tendril::detail
