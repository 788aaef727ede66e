// SPDX-License-Identifier: MIT

#include "amqp/connection/channel_table.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "amqp/connection/channel_core.hpp"
#include "base/timed_out.hpp"
#include "hub/here.hpp"

namespace tendril::amqp::detail {

using tendril::detail::Outcome;

std::uint16_t ChannelTable::take(Deadline deadline) {
    if (closed_) {
        return 0;
    }
    if (!free_.empty()) {  // then nobody waits
        const std::uint16_t number = free_.back();
        free_.pop_back();
        return number;
    }
    const std::size_t next = std::max<std::size_t>(by_number_.size(), 1);
    if (next <= max_) {
        free_.reserve(next + 1);  // so that release() cannot fail
        by_number_.resize(next + 1);
        return static_cast<std::uint16_t>(next);
    }
    std::uint16_t number = 0;
    if (line_.wait("amqp open_channel", &number, deadline) == Outcome::timed_out) {
        tendril::detail::time_out({.waited_ns = tendril::detail::here::waited_ns()}, [max = max_] {
            return "waiting for one of the " + std::to_string(max) + " channels of an AMQP connection";
        });
    }
    return number;
}

void ChannelTable::put(std::uint16_t number, std::shared_ptr<ChannelCore> channel) noexcept {
    by_number_[number] = std::move(channel);
}

void ChannelTable::release(std::uint16_t number) noexcept {
    if (closed_) {
        return;
    }
    const std::shared_ptr<ChannelCore> gone = std::move(by_number_[number]);
    if (std::uint16_t* slot = line_.front_slot<std::uint16_t>()) {
        *slot = number;
        line_.hand();
    } else {
        free_.push_back(number);
    }
}

std::vector<std::shared_ptr<ChannelCore>> ChannelTable::close() noexcept {
    closed_ = true;
    free_.clear();
    line_.wake_all(Outcome::closed);
    std::vector<std::shared_ptr<ChannelCore>> all = std::exchange(by_number_, {});
    std::erase(all, nullptr);
    return all;
}

}  // namespace tendril::amqp::detail
