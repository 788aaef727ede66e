// SPDX-License-Identifier: MIT
//
// SpareReceived: what the Deliveries of a connection have left behind, for the next ones, with the memory of its texts:
// a steady flow of deliveries allocates nothing. Bounded, and given up when the connection is idle.

#pragma once

#include <cstddef>
#include <memory>

#include <tendril/amqp/delivery.hpp>

namespace tendril::amqp::detail {

class SpareReceived {
public:
    SpareReceived() = default;
    SpareReceived(const SpareReceived&) = delete;
    SpareReceived& operator=(const SpareReceived&) = delete;
    ~SpareReceived() { clear(); }

    // Returns: an empty one. Throws: std::bad_alloc.
    std::unique_ptr<Received> take();
    // Keeps it, unless that were more than `most` bytes in all.
    void put(std::unique_ptr<Received> left) noexcept;
    void clear() noexcept;

    std::size_t bytes() const noexcept { return bytes_; }

    // As many messages of some hundred bytes as a usual prefetch.
    static constexpr std::size_t most = std::size_t{512} * 1024;

private:
    Received* first_ = nullptr;  // owned
    std::size_t bytes_ = 0;      // of all of them
};

}  // namespace tendril::amqp::detail
