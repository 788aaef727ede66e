// SPDX-License-Identifier: MIT
//
// Mailbox: the way into a hub from other OS threads. Shared by the hub and its senders, so that a sender may outlive
// the hub. The only lock in a hub; held for a few instructions, never across a switch or a system call.
//
// A hub that runs looks into it now and then; one that is about to sleep says so, and the sender of the first letter
// after that wakes it, when it has released its locks (a Bell). So senders make no system call while the hub runs.
//
// Sending allocates nothing: a letter is a node inside the object that it is about. A letter is in at most one mailbox;
// it belongs to that mailbox until it has arrived or its hub has withdrawn it.

#pragma once

#include <atomic>
#include <cstdint>

#include <tendril/detail/base/list.hpp>
#include <tendril/detail/base/mutex.hpp>
#include <tendril/detail/hub/bell.hpp>

#include "base/at_fork.hpp"
#include "context/os_thread.hpp"
#include "hub/backend.hpp"

namespace tendril::detail {

struct Scheduler;

// Notifies a hub of an event on another OS thread.
struct Letter : ListNode {
    // Called by the receiving hub, on any of its stacks, no longer linked: must not wait, throw or run user code.
    // !hub_lives: the hub has ended, and this is its last call.
    void (*arrive)(Letter&, bool hub_lives) noexcept;
    explicit Letter(void (*f)(Letter&, bool hub_lives) noexcept) noexcept : arrive(f) {}
};

enum class HubGone : std::uint8_t {
    ended,
    forked,            // the hub goes on in the child of a fork(), but without the green threads that expected a letter
    forked_elsewhere,  // another OS thread forked: the child has neither the hub nor its OS thread
};

// Says that a green thread of a hub waits for a letter. While there is one, the hub sleeps instead of throwing
// LoopExit. For the hub's OS thread only; begin and end it in a section that no fork() interrupts (a Mutex is held, or
// a NoFork).
struct Expectation : private ListNode {
    // Must end this, and detach it from what other OS threads still see.
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
    explicit Mailbox(Backend& backend) noexcept : backend_(backend) {}

    // Sends, from any OS thread. Returns: false if the hub is gone; the letter is then the sender's again.
    bool send(Letter& letter) noexcept {
        Bell bell;
        return send(letter, bell);
    }
    // The same for a sender that holds a lock: `bell` wakes the hub when it is destroyed, without it.
    bool send(Letter& letter, Bell& bell) noexcept;

    // For the hub: takes a letter back, so that it will not arrive. Returns: whether it was on its way.
    bool withdraw(Letter& letter) noexcept;

    // For the hub. Requires: what the last take() returned was emptied.
    bool empty() const noexcept { return !any_.load(std::memory_order_acquire); }
    List<Letter>& take() noexcept;
    void close() noexcept;

    // For the hub, before and after a sleep of its backend. At first it counts as asleep.
    // falls_asleep() returns: false if there is mail. It then still counts as asleep, until wakes_up().
    [[nodiscard]] bool falls_asleep() noexcept {
        asleep_.store(true);  // in the single order of seq_cst with any_: either the hub sees the letter, or its sender
        return !any_.load();  // this
    }
    void wakes_up() noexcept { asleep_.store(false, std::memory_order_relaxed); }
    // When the last sleep was ended by a sender, for the hub after take(). 0: never.
    std::int64_t rung_ns() const noexcept { return taken_rung_ns_; }

    // For the hub: whether any green thread waits for a letter.
    bool expected() const noexcept { return !expectations_.empty(); }
    std::size_t expectations() const noexcept {  // Cost: O(n)
        std::size_t n = 0;
        expectations_.for_each([&](const Expectation&) { ++n; });
        return n;
    }

    // For the hub in the child of a fork(): closes without notifying the letters, which are the parent's.
    void forked() noexcept { close_in_child(HubGone::forked); }

    bool closed() {
        const MutexLock lock(mutex_);
        return gone_;
    }

private:
    friend struct Expectation;
    friend class Bell;
    void ring() noexcept;
    TENDRIL_NOT_ANALYZED void close_in_child(HubGone how) noexcept;

    Mutex mutex_{Rank::mailbox};
    Backend& backend_;  // lives until close() has returned
    bool gone_ TENDRIL_GUARDED_BY(mutex_) = false;
    List<Letter> boxes_[2];  // senders fill one under the mutex while the hub empties the other
    unsigned filled_ TENDRIL_GUARDED_BY(mutex_) = 0;
    std::atomic<bool> any_{false};    // a hint: withdrawing a letter does not reset it
    std::atomic<bool> asleep_{true};  // to be woken; reset under the mutex by the sender that will do that
    std::atomic<int> ringing_{0};     // senders that will. Raised under the mutex
    std::int64_t rung_ns_ TENDRIL_GUARDED_BY(mutex_) = 0;
    std::int64_t taken_rung_ns_ = 0;  // the hub's

    List<Expectation> expectations_;  // the hub's
    List<Expectation> of_daemons_;    // the hub's

    const std::uint64_t owner_ = OsThread::current_serial();
    const AtFork at_fork_{this, [](void* self) noexcept {
                              if (auto& box = *static_cast<Mailbox*>(self); box.owner_ != OsThread::current_serial()) {
                                  box.close_in_child(HubGone::forked_elsewhere);
                              }
                          }};
};

// Requires: the hub lives. May be called from any OS thread.
Mailbox& mailbox_of(Scheduler& hub) noexcept;

}  // namespace tendril::detail
