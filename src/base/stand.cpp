// SPDX-License-Identifier: MIT

#include <tendril/detail/base/stand.hpp>

namespace tendril::detail {

Stand::Stand(Stands& at) noexcept {
    at.all_.push_back(*this);
}

}  // namespace tendril::detail
