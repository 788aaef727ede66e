// SPDX-License-Identifier: MIT

#include "patch/real_calls.hpp"

namespace tendril::patch::detail {

constinit RealCalls real;

void RealCalls::detach() noexcept {
#define TENDRIL_REAL_TAKE(name) tendril::detail::take_from_libc(name, #name);
    TENDRIL_REAL_CALLS(TENDRIL_REAL_TAKE)
#undef TENDRIL_REAL_TAKE
}

}  // namespace tendril::patch::detail
