// SPDX-License-Identifier: MIT
//
// Backoff: how long to wait before the next attempt: doubling from `first` to `longest`, each up to a fifth more or
// less, so that many clients of one broker that was restarted do not come all at once. Pure.

#pragma once

#include <cstdint>
#include <random>

#include <tendril/duration.hpp>

namespace tendril::amqp::detail {

class Backoff {
public:
    Backoff(Duration first, Duration longest, std::uint64_t seed) noexcept;

    Duration next() noexcept;                  // before the next attempt
    void reset() noexcept { next_ = first_; }  // after a success

private:
    const Duration first_;
    const Duration longest_;
    Duration next_;
    std::minstd_rand random_;
};

}  // namespace tendril::amqp::detail
