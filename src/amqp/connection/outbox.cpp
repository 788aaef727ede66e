// SPDX-License-Identifier: MIT

#include "amqp/connection/outbox.hpp"

#include <tendril/detail/base/check.hpp>

namespace tendril::amqp::detail {

using tendril::detail::Outcome;

Outbox::Turn Outbox::wait_for_turn(Deadline deadline) {
    switch (line_.wait("amqp publish", nullptr, deadline)) {
    case Outcome::handed:
        return Turn::handed;
    case Outcome::timed_out:
        return Turn::timed_out;
    default:
        return Turn::closed;
    }
}

void Outbox::pass_turn() noexcept {
    TENDRIL_ASSERT(turn_out_);
    turn_out_ = false;
    hand_turn();
}

void Outbox::hand_turn() noexcept {
    if (!turn_out_ && has_room() && line_.any()) {
        turn_out_ = true;
        line_.hand();
    }
}

void Outbox::hold_back(bool on) noexcept {
    held_back_ = on;
    hand_turn();
}

void Outbox::rouse() noexcept {
    if (writer_.any()) {
        writer_.wake_first(Outcome::signalled);
    }
}

void Outbox::await() {
    if (frames_.empty() && !woken_) {
        writer_.wait("the writer of an AMQP connection", nullptr, never);
    }
    woken_ = false;
}

const std::string& Outbox::take() noexcept {
    TENDRIL_ASSERT(sending_.empty());
    sending_.swap(frames_);
    return sending_;
}

void Outbox::sent() noexcept {
    if (sending_.capacity() > kept) {
        sending_ = std::string();
    }
    sending_.clear();
    hand_turn();
}

void Outbox::close() noexcept {
    line_.wake_all(Outcome::closed);
    wake();
}

}  // namespace tendril::amqp::detail
