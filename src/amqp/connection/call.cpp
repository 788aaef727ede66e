// SPDX-License-Identifier: MIT

#include "amqp/connection/call.hpp"

#include <stdexcept>

#include "base/on_exit.hpp"
#include "base/timed_out.hpp"
#include "hub/here.hpp"

namespace tendril::amqp::detail {

using tendril::detail::Outcome;

Answer CallLine::await(Call& call, Deadline deadline) {
    const tendril::detail::OnExit gone([&] {
        if (call.waiter_.outcome != Outcome::handed && call.waiter_.outcome != Outcome::closed) {
            places_.abandon(&call);
        }
    });
    switch (call.waiter_.wait(deadline)) {
    case Outcome::handed:
        return std::move(call.answer_);
    case Outcome::closed:
        std::rethrow_exception(call.error_);
    default:
        tendril::detail::time_out({.waited_ns = tendril::detail::here::waited_ns()},
                                  [what = call.waiter_.what] { return std::string(what) + " of AMQP"; });
    }
}

void CallLine::push(const ReplyLine::Place& place) {
    if (places_.size() >= most) {
        throw std::logic_error("10000 calls of this channel have no answer yet: the broker answers nothing; give it "
                               "time, or close the connection");
    }
    places_.push(place);
}

Undo CallLine::answer(MethodId id, Answer& answer) {
    const ReplyLine::Place place = places_.take(id);
    Call* call = static_cast<Call*>(place.caller);
    if (call == nullptr || !call->open()) {
        return place.undo;
    }
    call->take(answer);
    return Undo::nothing;
}

void CallLine::end(const std::exception_ptr& why) noexcept {
    while (!places_.empty()) {
        if (Call* call = static_cast<Call*>(places_.pop().caller)) {
            call->end(why);
        }
    }
}

}  // namespace tendril::amqp::detail
