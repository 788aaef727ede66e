// SPDX-License-Identifier: MIT

#include "amqp/protocol/backoff.hpp"

#include <algorithm>
#include <chrono>

namespace tendril::amqp::detail {

Backoff::Backoff(Duration first, Duration longest, std::uint64_t seed) noexcept
    : first_(std::min(first, longest)), longest_(longest), next_(first_),
      random_(static_cast<std::minstd_rand::result_type>(seed)) {}

Duration Backoff::next() noexcept {
    constexpr double spread = 0.2;
    const Duration now = next_;
    next_ = now.count() > longest_.count() / 2 ? longest_ : Duration(std::chrono::nanoseconds(2 * now.count()));
    std::uniform_real_distribution<double> factor(1 - spread, 1 + spread);
    return std::chrono::duration<double, std::nano>(static_cast<double>(now.count()) * factor(random_));
}

}  // namespace tendril::amqp::detail
