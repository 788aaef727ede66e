// SPDX-License-Identifier: MIT

#include <tendril/size.hpp>

#include <stdexcept>
#include <string>

namespace tendril {

void Size::refuse(long long n) {
    throw std::invalid_argument("a size cannot be negative, but this one is " + std::to_string(n) +
                                "; for no limit use tendril::unbounded where that is allowed");
}

}  // namespace tendril
