// SPDX-License-Identifier: MIT

#include <tendril/patch/real.hpp>

#include "base/libc.hpp"

namespace tendril::patch::detail {

void* real_function(const char* symbol) noexcept {
    return tendril::detail::find_in_libc(symbol);
}

}  // namespace tendril::patch::detail
