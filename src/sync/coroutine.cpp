// SPDX-License-Identifier: MIT

#include <tendril/coroutine.hpp>

#include <stdexcept>

namespace tendril::detail {

void refuse_lost_coroutine() {
    throw std::runtime_error(
        "the coroutine that await() waited for was destroyed before its end; keep its owner alive until then");
}

}  // namespace tendril::detail
