// SPDX-License-Identifier: MIT

#include "amqp/protocol/confirms.hpp"

#include <algorithm>
#include <functional>
#include <utility>

#include <tendril/amqp/error.hpp>
#include <tendril/detail/base/check.hpp>

namespace tendril::amqp::detail {

// The ids, and of the body its length and its beginning: enough to tell messages apart that have the same routing key,
// and cheap for long bodies. Messages that are alike in all of it go the same way.
std::uint64_t fingerprint_of(std::string_view routing_key, std::string_view message_id, const Properties& properties,
                             std::string_view body) noexcept {
    constexpr std::size_t enough = 64;
    const std::hash<std::string_view> hash;
    std::uint64_t print = hash(routing_key);
    const auto mix = [&print](std::uint64_t more) {
        constexpr std::uint64_t odd = 0x9e3779b97f4a7c15;
        print = (print ^ more) * odd;
        print ^= print >> 32;
    };
    mix(hash(message_id));
    mix(hash(properties.correlation_id));
    mix(body.size());
    mix(hash(body.substr(0, enough)));
    return print;
}

Confirms::Confirms(Listener* listener) : listener_(listener), pool_(*new SlotPool) {}

Confirms::~Confirms() {
    listener_ = nullptr;  // which may be half destroyed
    if (slots_.size() > 0) {
        fail_first(slots_.size(), std::make_exception_ptr(Unconfirmed(Unconfirmed::Reason::closed)));
    }
    drop_failures(UINT64_MAX, false);
    if (settled_already_ != nullptr) {
        settled_already_->release();
    }
    pool_.abandon();
}

Slot& Confirms::add() {
    slots_.reserve_one();
    Slot& slot = pool_.take();
    slot.number = ++last_number_;
    slots_.push_back(&slot);
    ++unsettled_;
    return slot;
}

void Confirms::remove_last() noexcept {
    TENDRIL_ASSERT(unsent() > 0);
    --unsettled_;
    slots_.pop_back()->release();
}

Slot& Confirms::settled_already() {
    if (settled_already_ == nullptr) {
        settled_already_ = &pool_.take();
        settled_already_->state = Slot::State::acked;
    }
    return *settled_already_;
}

Slot* Confirms::next_unsent() noexcept {
    return unsent() > 0 ? slots_[sent_] : nullptr;
}

void Confirms::sent() noexcept {
    TENDRIL_ASSERT(unsent() > 0 && !slots_[sent_]->settled());
    ++sent_;
}

void Confirms::fail_unsent(const std::exception_ptr& error) noexcept {
    TENDRIL_ASSERT(unsent() > 0);
    Slot& slot = *slots_[sent_];
    slots_.erase(sent_);
    settle(slot, Slot::State::failed, error);
    slot.release();
    notify();
}

bool Confirms::told(std::uint64_t tag, bool multiple, Slot::State how) noexcept {
    const std::uint64_t beyond = lowest_ + sent_;
    if (tag >= beyond || (tag == 0 && !multiple)) {
        return false;
    }
    if (tag == 0) {  // "all that is there"
        tag = beyond - 1;
    }
    if (tag < lowest_) {
        return true;  // settled before, as by an ack with `multiple`
    }
    const std::size_t end = tag - lowest_ + 1;
    for (std::size_t i = multiple ? 0 : end - 1; i < end; ++i) {
        if (Slot& slot = *slots_[i]; !slot.settled()) {
            if (slot.returned != nullptr) {
                settle(slot, Slot::State::failed, std::move(slot.returned));
            } else {
                settle(slot, how);
            }
        }
    }
    drop_settled();
    notify();
    return true;
}

void Confirms::returned(std::uint64_t fingerprint, std::exception_ptr error) noexcept {
    const auto open = [&](std::size_t i) {
        const Slot& slot = *slots_[i];
        return slot.mandatory && !slot.settled() && slot.returned == nullptr;
    };
    const auto matches = [&](std::size_t i) { return open(i) && slots_[i]->fingerprint == fingerprint; };
    const std::size_t from = returned_to_ > lowest_ ? std::min<std::size_t>(returned_to_ - lowest_, sent_) : 0;
    std::size_t found = from;
    while (found < sent_ && !matches(found)) {
        ++found;
    }
    if (found == sent_) {  // not in order: from the first on
        for (found = 0; found < sent_ && !matches(found);) {
            ++found;
        }
    }
    if (found == sent_) {  // changed on the way: the first that it can be
        for (found = 0; found < sent_ && !open(found);) {
            ++found;
        }
    }
    if (found < sent_) {
        slots_[found]->returned = std::move(error);
        returned_to_ = lowest_ + found + 1;
    }
}

void Confirms::begin_again() noexcept {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < slots_.size(); ++i) {
        Slot& slot = *slots_[i];
        if (slot.settled()) {
            slot.release();
        } else {
            slot.returned = nullptr;
            slots_[kept++] = &slot;
        }
    }
    slots_.truncate(kept);
    sent_ = 0;
    lowest_ = returned_to_ = 1;
}

void Confirms::fail_sent(const std::exception_ptr& error) noexcept {
    fail_first(sent_, error);
}

void Confirms::fail_all(const std::exception_ptr& error) noexcept {
    fail_first(slots_.size(), error);
}

void Confirms::fail_first(std::size_t count, const std::exception_ptr& error) noexcept {
    for (std::size_t i = 0; i < count; ++i) {
        if (Slot& slot = *slots_[i]; !slot.settled()) {
            settle(slot, Slot::State::failed, slot.returned != nullptr ? slot.returned : error);
        }
    }
    sent_ = std::max(sent_, count);
    drop_settled();
    notify();
}

void Confirms::settle(Slot& slot, Slot::State how, std::exception_ptr error) noexcept {
    --unsettled_;
    slot.settle(how, std::move(error));
    if (how != Slot::State::acked && listener_ != nullptr) {
        note_failure(slot);
    }
}

// The first ones that are settled leave.
void Confirms::drop_settled() noexcept {
    while (!slots_.empty() && slots_.front()->settled()) {
        slots_.pop_front()->release();
        --sent_;
        ++lowest_;
    }
}

void Confirms::note_failure(Slot& slot) noexcept {
    if (failure_count_ == most_failures) {
        drop_failures(UINT64_MAX, true);
    }
    if (failure_count_ < most_failures) {  // else those that are kept are what will be thrown first
        slot.hold();
        slot.next = std::exchange(failures_, &slot);
        ++failure_count_;
    }
}

void Confirms::drop_failures(std::uint64_t through, bool only_told) noexcept {
    for (Slot** link = &failures_; *link != nullptr;) {
        Slot& slot = **link;
        if (slot.number <= through && (slot.told || !only_told)) {
            *link = std::exchange(slot.next, nullptr);
            --failure_count_;
            slot.release();
        } else {
            link = &slot.next;
        }
    }
}

std::exception_ptr Confirms::take_failure(std::uint64_t through) {
    const Slot* first = nullptr;
    for (const Slot* each = failures_; each != nullptr; each = each->next) {
        if (each->number <= through && !each->told && (first == nullptr || each->number < first->number)) {
            first = each;
        }
    }
    std::exception_ptr failure = first == nullptr ? nullptr : first->failure();
    drop_failures(through, false);
    return failure;
}

void Confirms::notify() noexcept {
    if (listener_ != nullptr) {
        listener_->slots_settled();
    }
}

}  // namespace tendril::amqp::detail
