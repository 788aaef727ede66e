// SPDX-License-Identifier: MIT
//
// The refusal of <tendril/deadline.hpp>, out of line.

#include <tendril/deadline.hpp>

#include <stdexcept>
#include <string>

namespace tendril {

void Deadline::refuse(double seconds) {
    throw std::invalid_argument("a duration must not be negative, and " + std::to_string(seconds) +
                                " s is; use 0s for \"do not wait\" and tendril::never for \"no deadline\"");
}

}  // namespace tendril
