// SPDX-License-Identifier: MIT

#include "amqp/connection/raw_confirms.hpp"

#include <utility>

#include <tendril/amqp/error.hpp>

#include "amqp/protocol/slot.hpp"

namespace tendril::amqp::detail {

Confirmation RawConfirms::publish(ChannelCore& channel, std::string_view exchange, std::string_view key,
                                  const Message& message, bool mandatory) {
    if (!channel.confirms()) {
        Confirmation told = confirms_.settled_already().confirmation();
        channel.publish(exchange, key, message.properties, message.body, mandatory);
        return told;
    }
    Slot& slot = confirms_.add();
    try {
        if (mandatory) {
            slot.mandatory = true;
            slot.fingerprint = fingerprint_of(key, message);
        }
        channel.publish(exchange, key, message.properties, message.body, mandatory);
    } catch (...) {
        confirms_.remove_last();
        throw;
    }
    confirms_.sent();
    return slot.confirmation();
}

void RawConfirms::acked(std::uint64_t tag, bool multiple) {
    if (!confirms_.acked(tag, multiple)) {
        throw ProtocolError("the broker sent basic.ack of a message that was not published");
    }
}

void RawConfirms::nacked(std::uint64_t tag, bool multiple) {
    if (!confirms_.nacked(tag, multiple)) {
        throw ProtocolError("the broker sent basic.nack of a message that was not published");
    }
}

void RawConfirms::returned(Returned&& back) {
    const std::uint64_t fingerprint = fingerprint_of(back.routing_key, back.message);
    confirms_.returned(fingerprint,
                       std::make_exception_ptr(Unroutable(back.code, std::move(back.text), std::move(back.exchange),
                                                          std::move(back.routing_key))));
}

void RawConfirms::ended(const std::exception_ptr& why) noexcept {
    confirms_.fail_all(unconfirmed_by(why));
}

std::exception_ptr unconfirmed_by(const std::exception_ptr& end) noexcept {
    try {
        std::rethrow_exception(end);
    } catch (const ChannelError&) {
        return end;
    } catch (const ConnectionLost& lost) {
        return std::make_exception_ptr(Unconfirmed(
            lost.code() == std::errc::not_connected ? Unconfirmed::Reason::closed : Unconfirmed::Reason::lost));
    } catch (...) {
        return std::make_exception_ptr(Unconfirmed(Unconfirmed::Reason::lost));
    }
}

}  // namespace tendril::amqp::detail
