// SPDX-License-Identifier: MIT
//
// The texts of amqp/error.hpp.

#include <tendril/amqp/error.hpp>

#include <string>
#include <string_view>
#include <utility>

namespace tendril::amqp {

namespace {

std::string refusal(std::string_view doing, int code, std::string_view text, std::string_view method) {
    std::string all(doing);
    all += ": the broker answered ";
    all += code != 0 ? std::to_string(code) : "nothing";
    if (!method.empty()) {
        all += " to ";
        all += method;
    }
    all += ": ";
    all += text;
    return all;
}

const char* unconfirmed(Unconfirmed::Reason reason) noexcept {
    switch (reason) {
    case Unconfirmed::Reason::deadline:
        return "the deadline came before the broker's word; the message may have been delivered";
    case Unconfirmed::Reason::lost:
        return "the connection ended before the broker's word; the message may have been delivered";
    case Unconfirmed::Reason::closed:
        return "closed before the broker's word; the message may have been delivered";
    }
    return "the message may have been delivered";
}

}  // namespace

Error::Error(std::string_view doing, int code, std::string text, std::string method)
    : std::runtime_error(refusal(doing, code, text, method)), code_(code), text_(std::move(text)),
      method_(std::move(method)) {}

Nacked::Nacked() : std::runtime_error("the broker did not take the message over (basic.nack)") {}

Unroutable::Unroutable(int code, std::string text, std::string exchange, std::string routing_key)
    : std::runtime_error("no queue takes messages of exchange '" + exchange + "' with the routing key '" + routing_key +
                         "': the broker sent it back: " + std::to_string(code) + " " + text),
      code_(code), exchange_(std::move(exchange)), routing_key_(std::move(routing_key)) {}

Unconfirmed::Unconfirmed(Reason reason) : std::runtime_error(unconfirmed(reason)), reason_(reason) {}

ConsumerCancelled::ConsumerCancelled(std::string_view queue)
    : std::runtime_error("the broker cancelled the consumer of queue '" + std::string(queue) +
                         "': it was deleted, or its leader is gone") {}

}  // namespace tendril::amqp
