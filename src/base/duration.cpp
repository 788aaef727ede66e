// SPDX-License-Identifier: MIT
//
// The error of <tendril/duration.hpp>, out of line.

#include <tendril/duration.hpp>

#include <cstdio>
#include <stdexcept>
#include <string>

namespace tendril::detail {

void refuse_duration(double seconds) {
    char number[32];
    std::snprintf(number, sizeof number, "%g", seconds);
    throw std::invalid_argument("a duration must not be negative, but this one is " + std::string(number) +
                                " s; use 0s for \"not longer than now\" and tendril::never for \"no deadline\"");
}

}  // namespace tendril::detail
