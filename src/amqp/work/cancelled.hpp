// SPDX-License-Identifier: MIT
//
// Cancelled: the batches that nobody waits for any more, of the last hour, 10,000 at most. Pure.

#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>

namespace tendril::amqp::detail {

class Cancelled {
public:
    using Clock = std::chrono::steady_clock;

    // Throws: std::bad_alloc.
    void add(std::string batch, Clock::time_point now);
    bool has(const std::string& batch) const noexcept { return batches_.count(batch) != 0; }
    std::size_t size() const noexcept { return batches_.size(); }

    static constexpr std::size_t most = 10'000;
    static constexpr std::chrono::hours kept{1};

private:
    std::unordered_set<std::string> batches_;
    std::deque<std::pair<Clock::time_point, std::string>> order_;  // the oldest first
};

}  // namespace tendril::amqp::detail
