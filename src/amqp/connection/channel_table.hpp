// SPDX-License-Identifier: MIT
//
// ChannelTable: the channels of a connection by their numbers, and the green threads that wait for a number.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include <tendril/deadline.hpp>
#include <tendril/detail/sync/wait_queue.hpp>

namespace tendril::amqp::detail {

class ChannelCore;

class ChannelTable {
public:
    explicit ChannelTable(std::uint16_t max) noexcept : max_(max) {}

    // A free number, the caller's until release(). Waits in line while there is none. Returns: 0 after close().
    // Throws: TimeoutError, Interrupt, std::bad_alloc; then none is taken.
    std::uint16_t take(Deadline deadline);
    // Requires: the number was taken.
    void put(std::uint16_t number, std::shared_ptr<ChannelCore> channel) noexcept;
    // Forgets its channel, and gives the number to the next that waits for one.
    void release(std::uint16_t number) noexcept;

    // Returns: nullptr for a number without a channel.
    const std::shared_ptr<ChannelCore>& find(std::uint16_t number) const noexcept {
        return number < by_number_.size() ? by_number_[number] : none_;
    }

    // Wakes all who wait, for good. Returns the channels, in the order of their numbers.
    std::vector<std::shared_ptr<ChannelCore>> close() noexcept;

private:
    const std::uint16_t max_;
    bool closed_ = false;
    const std::shared_ptr<ChannelCore> none_;
    std::vector<std::shared_ptr<ChannelCore>> by_number_;  // [0]: never one
    std::vector<std::uint16_t> free_;                      // of those below by_number_.size(); the last is taken first
    tendril::detail::WaitQueue line_{"an AMQP connection"};
};

}  // namespace tendril::amqp::detail
