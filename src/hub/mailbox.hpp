// SPDX-License-Identifier: MIT
//
// Mailbox: the way into a hub from other OS threads. Shared by the hub and by whoever may send, so that a sender may
// outlive the hub. The only lock in a hub; held for a few instructions, never across a switch.
//
// Sending allocates nothing: letters are nodes that lie with what they tell of. A letter is in one mailbox at most; it
// belongs to that mailbox until it has arrived or its hub has withdrawn it.

#pragma once

#include <atomic>
#include <mutex>

#include <tendril/detail/list.hpp>

#include "hub/backend.hpp"

namespace tendril::detail {

struct HubCore;

// Tells a hub of something that came about on another OS thread.
struct Letter : ListNode {
    // Called by the receiving hub, on any of its stacks, no longer linked: must not wait, throw or run what users
    // wrote. nullptr: the hub has ended, and this is its last word.
    void (*arrive)(Letter&, HubCore*) noexcept;
    explicit Letter(void (*f)(Letter&, HubCore*) noexcept) noexcept : arrive(f) {}
};

// Somebody in a hub to whom a letter will come. While there is one the hub sleeps rather than throw LoopExit. The
// hub's thread only.
struct Expectation : private ListNode {
    // The hub has ended: detach from what other OS threads still see. In the child of a fork() (`forked`) there are
    // none, but what they held locked, stays so.
    void (*hub_ended)(Expectation&, bool forked) noexcept;
    explicit Expectation(void (*f)(Expectation&, bool) noexcept) noexcept : hub_ended(f) {}
    void begin(HubCore& hub) noexcept;
    void end(HubCore& hub) noexcept;

private:
    friend class Mailbox;
    friend class List<Expectation>;
};

class Mailbox {
public:
    explicit Mailbox(Backend& backend) noexcept : backend_(&backend) {}

    // From any OS thread: the hub will find it. Returns: false when the hub is gone; the letter is the sender's again.
    bool send(Letter& letter) noexcept;

    // By the hub: the letter will not arrive. Returns: whether it was on its way.
    bool withdraw(Letter& letter) noexcept;

    // By the hub. What take() returns must be emptied before it is called again.
    bool empty() const noexcept { return !any_.load(std::memory_order_acquire); }
    List<Letter>& take() noexcept;
    void close() noexcept;

    // By the hub, around a fork(); then in the child: closes without telling the letters, which are the parent's.
    void hold() noexcept { mutex_.lock(); }
    void let_go() noexcept { mutex_.unlock(); }
    void forked() noexcept;

    bool closed() {
        const std::lock_guard lock(mutex_);
        return backend_ == nullptr;
    }

private:
    friend struct Expectation;

    std::mutex mutex_;
    Backend* backend_;       // nullptr: the hub is gone
    List<Letter> boxes_[2];  // one is filled under the mutex while the hub empties the other
    unsigned filled_ = 0;
    std::atomic<bool> any_{false};  // perhaps: a withdrawn letter does not reset it

    List<Expectation> expectations_;  // the hub's
};

}  // namespace tendril::detail
