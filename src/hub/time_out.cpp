// SPDX-License-Identifier: MIT

#include <tendril/detail/hub/time_out.hpp>

#include "base/timed_out.hpp"
#include "hub/here.hpp"

namespace tendril::detail {

void wait_timed_out(const char* call) {
    time_out({.waited_ns = here::waited_ns()}, call);
}

}  // namespace tendril::detail
