// SPDX-License-Identifier: MIT
//
// Mailbox: the way into a hub from other OS threads. Shared by the hub and by whoever may send, so that a sender may
// outlive the hub. The only lock in a hub; held for a few instructions, never across a switch.
//
// Sending allocates nothing: letters are nodes that lie with what they tell of. A letter is in one mailbox at most; it
// belongs to that mailbox until it has arrived or its hub has withdrawn it.

#pragma once

#include <atomic>
#include <cstdint>

#include <tendril/detail/base/list.hpp>
#include <tendril/detail/base/mutex.hpp>

#include "base/at_fork.hpp"
#include "context/os_thread.hpp"
#include "hub/backend.hpp"

namespace tendril::detail {

struct Scheduler;

// Tells a hub of something that came about on another OS thread.
struct Letter : ListNode {
    // Called by the receiving hub, on any of its stacks, no longer linked: must not wait, throw or run what users
    // wrote. Not hub_lives: the hub has ended, and this is its last word.
    void (*arrive)(Letter&, bool hub_lives) noexcept;
    explicit Letter(void (*f)(Letter&, bool hub_lives) noexcept) noexcept : arrive(f) {}
};

enum class HubGone : std::uint8_t {
    ended,
    forked,            // it goes on in the child of a fork(), but not for those who expected a letter
    forked_elsewhere,  // another OS thread forked: in the child neither the hub nor its OS thread is there
};

// Somebody in a hub to whom a letter will come. While there is one the hub sleeps rather than throw LoopExit. The
// hub's thread only; begins and ends in a section that no fork() interrupts (a Mutex is held, or a NoFork).
struct Expectation : private ListNode {
    // Ends, and detaches from what other OS threads still see.
    void (*hub_gone)(Expectation&, HubGone how) noexcept;
    explicit Expectation(void (*f)(Expectation&, HubGone) noexcept) noexcept : hub_gone(f) {}
    void begin() noexcept;  // in this OS thread's hub
    void end() noexcept { ListNode::unlink(); }

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

    // By the hub: does anybody expect a letter?
    bool expected() const noexcept { return !expectations_.empty(); }
    std::size_t expectations() const noexcept {  // Cost: O(n)
        std::size_t n = 0;
        expectations_.for_each([&](const Expectation&) { ++n; });
        return n;
    }

    // By the hub in the child of a fork(): closes without telling the letters, which are the parent's.
    void forked() noexcept { close_in_child(HubGone::forked); }

    bool closed() {
        const MutexLock lock(mutex_);
        return backend_ == nullptr;
    }

private:
    friend struct Expectation;
    TENDRIL_NOT_ANALYZED void close_in_child(HubGone how) noexcept;

    Mutex mutex_{Rank::mailbox};
    Backend* backend_ TENDRIL_GUARDED_BY(mutex_);  // nullptr: the hub is gone
    List<Letter> boxes_[2];                        // one is filled under the mutex while the hub empties the other
    unsigned filled_ TENDRIL_GUARDED_BY(mutex_) = 0;
    std::atomic<bool> any_{false};  // perhaps: a withdrawn letter does not reset it

    List<Expectation> expectations_;  // the hub's

    const std::uint64_t owner_ = OsThread::current_serial();
    const AtFork at_fork_{this, [](void* self) noexcept {
                              if (auto& box = *static_cast<Mailbox*>(self); box.owner_ != OsThread::current_serial()) {
                                  box.close_in_child(HubGone::forked_elsewhere);
                              }
                          }};
};

// Of a hub that lives. From any OS thread.
Mailbox& mailbox_of(Scheduler& hub) noexcept;

}  // namespace tendril::detail
