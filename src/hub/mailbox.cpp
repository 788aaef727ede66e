// SPDX-License-Identifier: MIT

#include "hub/mailbox.hpp"

#include <tendril/detail/base/check.hpp>

#include "hub/hub_core.hpp"

namespace tendril::detail {

// Only the first letter of a batch wakes the hub: while a letter lies there, the hub has not emptied the box since the
// sender of the first one woke it. The hub looks into the box after every wait of its backend.
bool Mailbox::send(Letter& letter) noexcept {
    const MutexLock lock(mutex_);
    if (backend_ == nullptr) {
        return false;
    }
    const bool first = boxes_[filled_].empty();
    boxes_[filled_].push_back(letter);
    if (first) {
        any_.store(true, std::memory_order_release);
        backend_->wake();
    }
    return true;
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
        backend_ = nullptr;
    }
    for (List<Letter>& box : boxes_) {
        while (Letter* letter = box.pop_front()) {
            letter->arrive(*letter, false);
        }
    }
}

// From the last to the first, so that items given back return in their old order.
void Mailbox::close_in_child(HubGone how) noexcept {
    backend_ = nullptr;
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
