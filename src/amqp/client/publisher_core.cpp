// SPDX-License-Identifier: MIT

#include "amqp/client/publisher_core.hpp"

#include <stdexcept>
#include <utility>

#include <tendril/amqp/error.hpp>
#include <tendril/detail/base/check.hpp>

#include "amqp/protocol/names.hpp"
#include "amqp/protocol/topology_plan.hpp"
#include "base/on_exit.hpp"
#include "base/timed_out.hpp"
#include "hub/here.hpp"

namespace tendril::amqp::detail {

namespace here = tendril::detail::here;
using tendril::detail::OnExit;
using tendril::detail::Outcome;

namespace {

PublisherOptions checked(std::string_view exchange, const PublisherOptions& options) {
    if (exchange.size() > longest_name) {
        throw std::invalid_argument("an exchange's name is longer than 255 bytes");
    }
    if (options.window == 0) {
        throw std::invalid_argument("a Publisher needs a window of 1 or more; leave it out for 1000");
    }
    return options;
}

// Whether the end of a connection says nothing against the messages that were under way. An operator may close one
// (320); other codes are for what was sent, and sending it again would end the next one too.
bool innocent(const std::exception_ptr& why) noexcept {
    constexpr int forced = 320;
    try {
        std::rethrow_exception(why);
    } catch (const ConnectionError& error) {
        return error.code() == forced;
    } catch (...) {
        return true;
    }
}

}  // namespace

PublisherCore::PublisherCore(std::shared_ptr<ClientCore> client, std::string_view exchange,
                             const PublisherOptions& options)
    : client_(std::move(client)), exchange_(exchange), options_(checked(exchange, options)),
      id_(options.confirm && options.resend ? unique_name("") + "-" : ""), id_prefix_(id_.size()) {
    constexpr std::size_t most_digits = 20;
    id_.reserve(id_prefix_ + most_digits);
    client_->add(*this);
}

PublisherCore::~PublisherCore() {
    drop();
}

// ---- For green threads that publish

Confirmation PublisherCore::publish_later(std::string_view key, const Message* message, Bytes body, Deadline deadline) {
    here::refuse_in_callback();
    if (key.size() > longest_name) {
        throw std::invalid_argument("a routing key is longer than 255 bytes");
    }
    first_.check_thread();
    std::shared_ptr<PublisherCore> self;
    if (here::spend_turn()) {  // before there is a turn to hold up others with: they append meanwhile
        self = shared_from_this();
        here::yield();
    }
    if (turn_.available() > 0 && channel_.ready() && has_room() && channel_.connection().takes_one_now()) {
        return append(key, message, body);  // mostly: nothing is waited for, so nobody comes between
    }
    self = shared_from_this();
    if (!turn_.acquire(deadline)) {
        time_out();
    }
    const OnExit passed_on([this] { turn_.release(); });
    const ConnectionCore::Turn room = await_room(deadline);
    return append(key, message, body);
}

// Returns when a message may be sent, without a wait after that.
ConnectionCore::Turn PublisherCore::await_room(Deadline deadline) {
    for (;;) {
        channel_.check();
        if (channel_.ready() && has_room()) {
            try {
                std::optional<ConnectionCore::Turn> turn = channel_.wait_for_turn(deadline);
                if (turn && has_room()) {
                    return *std::move(turn);
                }
                continue;
            } catch (const TimeoutError&) {
                time_out();
            }
        }
        if (!channel_.exists() && !linked()) {
            client_->publishing().want(*this);
        }
        if (first_.wait("Publisher::publish", nullptr, deadline) == Outcome::timed_out) {
            time_out();
        }
    }
}

void PublisherCore::time_out() const {
    tendril::detail::time_out({.waited_ns = here::waited_ns()}, [text = trouble()] { return text; });
}

std::string PublisherCore::trouble() const {
    const std::string doing = "publish to exchange '" + exchange_ + "': ";
    if (channel_.blocked()) {
        return doing + "the broker blocks publishers: " + channel_.connection().blocked_reason();
    }
    if (!channel_.ready()) {
        return doing + client_->publishing().trouble();
    }
    return has_room() ? doing + "no room in the send buffer"
                      : doing + std::to_string(confirms_.unsettled()) + " messages are not confirmed";
}

Confirmation PublisherCore::append(std::string_view key, const Message* message, Bytes body) {
    static const Properties none;
    const Properties& properties = message != nullptr ? message->properties : none;
    if (message != nullptr) {
        body = message->body;
    }
    HeaderDefaults defaults{.persistent = options_.persistent};
    if (!options_.confirm) {
        channel_->publish(exchange_, key, properties, body, options_.mandatory, defaults);
        return confirms_.settled_already().confirmation();
    }
    if (options_.resend && properties.message_id.empty()) {
        defaults.message_id = next_id();
    }
    Slot& slot = confirms_.add();
    try {
        slot.mandatory = options_.mandatory;
        if (slot.mandatory) {
            const bool named = !properties.message_id.empty();
            slot.fingerprint = fingerprint_of(key, named ? properties.message_id : defaults.message_id, properties,
                                              {reinterpret_cast<const char*>(body.data()), body.size()});
        }
        channel_->publish(exchange_, key, properties, body, options_.mandatory, defaults,
                          options_.resend ? &slot.content : nullptr);
    } catch (...) {
        confirms_.remove_last();
        throw;
    }
    confirms_.sent();
    return slot.confirmation();
}

// Valid until the next one is made. Counts in the digits themselves, for which there is room.
std::string_view PublisherCore::next_id() noexcept {
    for (std::size_t i = id_.size(); i-- > id_prefix_;) {
        if (id_[i] != '9') {
            ++id_[i];
            return id_;
        }
        id_[i] = '0';
    }
    return id_.insert(id_prefix_, 1, '1');
}

void PublisherCore::flush(Deadline deadline) {
    const std::shared_ptr<PublisherCore> self = shared_from_this();
    const std::uint64_t number = confirms_.last_number();
    await_settled(deadline);
    if (const std::exception_ptr failure = confirms_.take_failure(number); failure != nullptr) {
        std::rethrow_exception(failure);
    }
}

void PublisherCore::await_settled(Deadline deadline) {
    here::refuse_in_callback();
    const std::shared_ptr<PublisherCore> self = shared_from_this();
    std::uint64_t number = confirms_.last_number();
    flushers_.check_thread();
    if (!confirms_.settled_through(number) &&
        flushers_.wait("Publisher::flush", &number, deadline) == Outcome::timed_out) {
        tendril::detail::time_out({.waited_ns = here::waited_ns()},
                                  [exchange = exchange_, left = confirms_.unsettled()] {
                                      return "flush a Publisher of exchange '" + exchange + "' with " +
                                             std::to_string(left) + " messages unconfirmed";
                                  });
    }
}

// ---- For the Keeper

Recovered::SetUp PublisherCore::set_up(const std::shared_ptr<ConnectionCore>& connection) {
    const std::shared_ptr<ChannelCore> channel = channel_.open(connection, *this);
    if (channel == nullptr) {
        return SetUp::done;
    }
    confirms_.begin_again();
    try {
        if (options_.confirm) {
            channel->select_confirms(never);
            send_again(channel);
        }
    } catch (const ChannelError&) {  // ended() has dealt with it
    }
    if (channel_.is(channel)) {
        channel_.set_ready();
        wake_first();
    }
    return SetUp::done;
}

void PublisherCore::send_again(const std::shared_ptr<ChannelCore>& channel) {
    while (channel_.is(channel) && confirms_.next_unsent() != nullptr) {
        const ConnectionCore::Turn room = channel_.connection().wait_for_turn(never);
        Slot* slot = channel_.is(channel) ? confirms_.next_unsent() : nullptr;
        if (slot == nullptr) {
            return;
        }
        try {
            KeptContent::Message kept = slot->content.read();
            kept.message.properties.headers.set("x-resent", true);
            channel->publish(exchange_, kept.routing_key, kept.message.properties, kept.message.body,
                             options_.mandatory);
            confirms_.sent();
            client_->count_resent();
        } catch (const std::invalid_argument&) {  // this broker takes shorter frames than the last one
            confirms_.fail_unsent(std::current_exception());
        }
    }
}

// ---- From the broker

void PublisherCore::acked(std::uint64_t tag, bool multiple) {
    if (!confirms_.acked(tag, multiple)) {
        throw ProtocolError("the broker acked message " + std::to_string(tag) + ", which was never published");
    }
}

void PublisherCore::nacked(std::uint64_t tag, bool multiple) {
    if (!confirms_.nacked(tag, multiple)) {
        throw ProtocolError("the broker nacked message " + std::to_string(tag) + ", which was never published");
    }
}

void PublisherCore::returned(Returned&& message) {
    const std::uint64_t fingerprint = fingerprint_of(message.routing_key, message.message);
    confirms_.returned(fingerprint,
                       std::make_exception_ptr(Unroutable(message.code, std::move(message.text),
                                                          std::move(message.exchange), message.routing_key)));
}

void PublisherCore::ended(const std::exception_ptr& why) noexcept {
    channel_.ended();
    if (!options_.confirm) {
        wake_first();
        return;
    }
    const bool lost = channel_.connection_is_lost();
    if (!lost || !innocent(why)) {
        confirms_.fail_sent(why);
    } else if (!options_.resend) {
        confirms_.fail_sent(std::make_exception_ptr(Unconfirmed(Unconfirmed::Reason::lost)));
    } else {
        confirms_.begin_again();
    }
    if (!lost && confirms_.unsent() > 0) {
        client_->publishing().want(*this);
    } else if (!lost) {
        unlink();  // until the next publish()
    }
    wake_first();
}

void PublisherCore::slots_settled() noexcept {
    if (channel_.ready() && has_room()) {
        wake_first();
    }
    while (const auto* number = flushers_.front_slot<std::uint64_t>()) {
        if (!confirms_.settled_through(*number)) {
            break;
        }
        flushers_.hand();
    }
}

// ---- The end

void PublisherCore::finish(const std::exception_ptr& why, Unconfirmed::Reason reason) noexcept {
    if (!channel_.finish(why)) {
        return;
    }
    leave();
    confirms_.fail_all(std::make_exception_ptr(Unconfirmed(reason)));
    wake_first();
    client_->remove(*this);
}

void PublisherCore::drop() noexcept {
    finish(std::make_exception_ptr(
               ConnectionLost(std::make_error_code(std::errc::not_connected), "the Publisher was destroyed")),
           Unconfirmed::Reason::closed);
}

}  // namespace tendril::amqp::detail
