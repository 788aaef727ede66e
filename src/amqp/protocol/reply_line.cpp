// SPDX-License-Identifier: MIT

#include "amqp/protocol/reply_line.hpp"

#include <string>

#include <tendril/amqp/error.hpp>
#include <tendril/detail/base/check.hpp>

#include "amqp/protocol/methods.hpp"

namespace tendril::amqp::detail {

namespace {

std::string name_of(MethodId id) {
    const MethodInfo* info = method_info(id);
    return info != nullptr ? std::string(info->name) : std::to_string(id.number());
}

}  // namespace

void ReplyLine::abandon(Caller caller) noexcept {
    for (Place& each : places_) {
        if (each.caller == caller) {
            each.caller = nullptr;
            return;
        }
    }
}

const ReplyLine::Place& ReplyLine::front(MethodId answer) const {
    if (places_.empty()) {
        throw ProtocolError("the broker sent " + name_of(answer) + ", which nobody asked for");
    }
    const Place& first = places_.front();
    if (!(first.answer == answer) && !(first.other == answer)) {
        throw ProtocolError("the broker sent " + name_of(answer) + " where " + name_of(first.answer) + " was due");
    }
    return first;
}

ReplyLine::Place ReplyLine::take(MethodId answer) {
    const Place taken = front(answer);
    places_.pop_front();
    return taken;
}

ReplyLine::Place ReplyLine::pop() noexcept {
    TENDRIL_ASSERT(!places_.empty());
    const Place taken = places_.front();
    places_.pop_front();
    return taken;
}

}  // namespace tendril::amqp::detail
