// SPDX-License-Identifier: MIT

#include "hub/mailbox.hpp"

#include <utility>

#include <tendril/deadline.hpp>
#include <tendril/detail/base/check.hpp>

#include "base/libc.hpp"
#include "hub/hub_core.hpp"

namespace tendril::detail {

// Only the first letter of a batch may have to wake the hub: while a letter lies there, the hub has not emptied the box
// since the sender of the first one looked. The hub looks into the box before and after every sleep.
bool Mailbox::send(Letter& letter, Bell& bell) noexcept {
    const MutexLock lock(mutex_);
    if (gone_) {
        return false;
    }
    const bool first = boxes_[filled_].empty();
    boxes_[filled_].push_back(letter);
    if (first) {
        any_.store(true);
        if (asleep_.load()) {
            asleep_.store(false, std::memory_order_relaxed);
            ringing_.fetch_add(1, std::memory_order_relaxed);
            rung_ns_ = Deadline::now_ns();
            bell.note(*this);
        }
    }
    return true;
}

void Mailbox::ring() noexcept {
    backend_.wake();
    ringing_.fetch_sub(1, std::memory_order_release);
}

void Bell::note(Mailbox& sleeper) noexcept {
    if (sleeper_ != nullptr) {
        ring();
    }
    sleeper_ = &sleeper;
}

void Bell::ring() noexcept {
    std::exchange(sleeper_, nullptr)->ring();
}

bool Mailbox::withdraw(Letter& letter) noexcept {
    const MutexLock lock(mutex_);
    const bool linked = letter.linked();
    letter.unlink();
    return linked;
}

List<Letter>& Mailbox::take() noexcept {
    const MutexLock lock(mutex_);
    any_.store(false, std::memory_order_release);
    taken_rung_ns_ = rung_ns_;
    List<Letter>& full = boxes_[filled_];
    filled_ ^= 1U;
    TENDRIL_ASSERT(boxes_[filled_].empty());  // which the last take() returned
    return full;
}

// Ends the expectations first: that must happen without this lock, which senders take while they hold another.
void Mailbox::close() noexcept {
    for (List<Expectation>* each : {&expectations_, &of_daemons_}) {
        while (Expectation* expectation = each->front()) {
            expectation->hub_gone(*expectation, HubGone::ended);
        }
    }
    {
        const MutexLock lock(mutex_);
        gone_ = true;
    }
    while (ringing_.load(std::memory_order_acquire) != 0) {  // for one system call: then the backend may go
        libc.sched_yield();
    }
    for (List<Letter>& box : boxes_) {
        while (Letter* letter = box.pop_front()) {
            letter->arrive(*letter, false);
        }
    }
}

// From the last to the first, so that items given back return in their old order.
void Mailbox::close_in_child(HubGone how) noexcept {
    gone_ = true;
    for (List<Expectation>* each : {&expectations_, &of_daemons_}) {
        while (Expectation* expectation = each->pop_back()) {
            expectation->hub_gone(*expectation, how);
        }
    }
    for (List<Letter>& box : boxes_) {
        while (box.pop_front() != nullptr) {
        }
    }
}

Mailbox& mailbox_of(Scheduler& hub) noexcept {
    return *HubCore::of(hub).mailbox;
}

void Expectation::begin() noexcept {
    const HubCore& hub = HubCore::here();
    (hub.current->daemon ? hub.mailbox->of_daemons_ : hub.mailbox->expectations_).push_back(*this);
}

}  // namespace tendril::detail
