// SPDX-License-Identifier: MIT

#include <tendril/amqp/confirmation.hpp>

#include <exception>
#include <utility>

#include <tendril/amqp/error.hpp>

#include "amqp/protocol/slot.hpp"

namespace tendril::amqp {

using tendril::detail::Outcome;

Confirmation::Confirmation(detail::Slot& slot) noexcept : slot_(&slot) {
    slot_->hold();
}

Confirmation::Confirmation(const Confirmation& other) noexcept : slot_(other.slot_) {
    if (slot_ != nullptr) {
        slot_->hold();
    }
}

Confirmation::Confirmation(Confirmation&& other) noexcept : slot_(std::exchange(other.slot_, nullptr)) {}

Confirmation& Confirmation::operator=(Confirmation other) noexcept {
    std::swap(slot_, other.slot_);
    return *this;
}

Confirmation::~Confirmation() {
    if (slot_ != nullptr) {
        slot_->release();
    }
}

bool Confirmation::ready() const noexcept {
    return slot_->settled();
}

void Confirmation::observe(Observer& observer) const {
    slot_->waiters.observe(observer);
}

void Confirmation::get(Deadline deadline) const {
    const Confirmation held(*this);  // this one may be gone before the wait ends
    detail::Slot& slot = *held.slot_;
    slot.waiters.check_thread();
    if (!slot.settled() && slot.waiters.wait("Confirmation::get", nullptr, deadline) == Outcome::timed_out) {
        throw Unconfirmed(Unconfirmed::Reason::deadline);
    }
    if (const std::exception_ptr failure = slot.failure(); failure != nullptr) {
        slot.told = true;
        std::rethrow_exception(failure);
    }
}

}  // namespace tendril::amqp
