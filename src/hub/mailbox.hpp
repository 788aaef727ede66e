// SPDX-License-Identifier: MIT
//
// Mailbox: the way into a hub from other OS threads. Shared by the hub and by whoever may send, so that a sender may
// outlive the hub. The only lock in a hub; held for a push or a swap, never across a switch.

#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

#include "hub/backend.hpp"

namespace tendril::detail {

struct AsyncState;

class Mailbox {
public:
    explicit Mailbox(Backend& backend) noexcept : backend_(&backend) {}

    // From any OS thread: the hub will find it. Returns: false when the hub is gone. Throws: std::bad_alloc.
    bool send(std::shared_ptr<AsyncState> async);

    // By the hub.
    bool empty() const noexcept { return !any_.load(std::memory_order_acquire); }
    std::vector<std::shared_ptr<AsyncState>> take();
    void close() noexcept;

    bool closed() {
        const std::lock_guard lock(mutex_);
        return backend_ == nullptr;
    }

private:
    std::mutex mutex_;
    Backend* backend_;  // nullptr: the hub is gone
    std::vector<std::shared_ptr<AsyncState>> sent_;
    std::atomic<bool> any_{false};
};

}  // namespace tendril::detail
