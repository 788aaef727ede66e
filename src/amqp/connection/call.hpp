// SPDX-License-Identifier: MIT
//
// Call: one method that waits for the broker's answer, on the waiting stack; CallLine: those of one channel. The reader
// fills in the answer, in the order of the calls.

#pragma once

#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <string_view>

#include <tendril/amqp/delivery.hpp>
#include <tendril/deadline.hpp>

#include "amqp/protocol/reply_line.hpp"
#include "hub/waiter.hpp"

namespace tendril::amqp::detail {

// What any answer says, of its own memory.
struct Answer {
    std::string name;                  // queue.declare-ok
    std::uint32_t messages = 0;        // queue.declare-ok, delete-ok, purge-ok
    std::uint32_t consumers = 0;       // queue.declare-ok
    std::optional<Delivery> delivery;  // basic.get-ok
};

class Call {
public:
    // what: "queue.declare". It is in no line yet.
    explicit Call(const char* what) noexcept : waiter_(what) {}

    void name(std::string_view what) noexcept { waiter_.what = what.data(); }  // a literal

    // For the reader. Whether an answer would still reach it.
    bool open() const noexcept { return waiter_.open(); }
    // Requires: open().
    void take(Answer& answer) noexcept {
        answer_ = std::move(answer);
        waiter_.resolve(tendril::detail::Outcome::handed);
    }
    void end(const std::exception_ptr& why) noexcept {
        if (waiter_.open()) {
            error_ = why;
            waiter_.resolve(tendril::detail::Outcome::closed);
        }
    }

private:
    friend class CallLine;
    tendril::detail::Waiter waiter_;
    Answer answer_;
    std::exception_ptr error_;
};

class CallLine {
public:
    // A peer that answers nothing must not make it grow without bound: over this, no call is made.
    static constexpr std::size_t most = 10'000;

    // Waits for the answer of the call, whose place is at the end of the line already.
    // Throws: TimeoutError, Interrupt: it has given up; what ended the channel.
    Answer await(Call& call, Deadline deadline);

    // Throws: std::logic_error when there are too many.
    void push(const ReplyLine::Place& place);
    ReplyLine& places() noexcept { return places_; }

    // The first call's answer, which is moved from if that still waits. Throws: ProtocolError if it awaits another.
    // Returns: what is to be undone, since nobody wants it.
    Undo answer(MethodId id, Answer& answer);

    // Ends all.
    void end(const std::exception_ptr& why) noexcept;

private:
    ReplyLine places_;
};

}  // namespace tendril::amqp::detail
