// SPDX-License-Identifier: MIT

#include "amqp/protocol/slot.hpp"

#include <utility>

#include <tendril/amqp/error.hpp>

namespace tendril::amqp::detail {

namespace {

constexpr std::size_t longest_kept = 4096;  // bytes of a text whose room a free Slot keeps

void empty(std::string& text) noexcept {
    if (text.capacity() > longest_kept) {
        text = std::string();
    } else {
        text.clear();
    }
}

}  // namespace

std::exception_ptr Slot::failure() const {
    return state == State::nacked ? std::make_exception_ptr(Nacked()) : error;
}

void Slot::settle(State how, std::exception_ptr why) noexcept {
    TENDRIL_ASSERT(!settled() && how != State::open);
    state = how;
    error = std::move(why);
    empty(content.frames);
    waiters.wake_all(tendril::detail::Outcome::signalled);
    waiters.notify_observers();
}

void Slot::release() noexcept {
    TENDRIL_ASSERT(references > 0);
    if (--references == 0) {
        home.give_back(*this);
    }
}

Slot& SlotPool::take() {
    Slot* slot = free_;
    if (slot == nullptr) {
        slot = new Slot(*this);
    } else {
        free_ = std::exchange(slot->next, nullptr);
        --kept_;
    }
    slot->references = 1;
    ++out_;
    return *slot;
}

void SlotPool::give_back(Slot& slot) noexcept {
    --out_;
    if (abandoned_ || kept_ == most_kept) {
        forget(slot);
        return;
    }
    slot.state = Slot::State::open;
    slot.mandatory = slot.told = false;
    slot.returned = slot.error = nullptr;
    empty(slot.content.frames);
    slot.next = std::exchange(free_, &slot);
    ++kept_;
}

void SlotPool::forget(Slot& slot) noexcept {
    delete &slot;
    if (abandoned_ && out_ == 0) {
        delete this;
    }
}

void SlotPool::abandon() noexcept {
    abandoned_ = true;
    if (out_ == 0) {
        delete this;
    }
}

SlotPool::~SlotPool() {
    while (free_ != nullptr) {
        delete std::exchange(free_, free_->next);
    }
}

}  // namespace tendril::amqp::detail
