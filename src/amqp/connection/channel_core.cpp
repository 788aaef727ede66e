// SPDX-License-Identifier: MIT
//
// What a channel's users call. What the broker sends: channel_reader.cpp.

#include "amqp/connection/channel_core.hpp"

#include <stdexcept>
#include <utility>

#include <tendril/amqp/error.hpp>
#include <tendril/detail/base/check.hpp>

#include "amqp/connection/channel_call.hpp"
#include "amqp/connection/channel_parts.hpp"
#include "amqp/connection/connection_parts.hpp"
#include "amqp/connection/refusal.hpp"
#include "amqp/protocol/methods.hpp"
#include "amqp/protocol/wire.hpp"

namespace tendril::amqp::detail {

ChannelCore::ChannelCore(std::unique_ptr<ChannelParts> parts) noexcept : parts_(std::move(parts)) {}

ChannelCore::~ChannelCore() {
    TENDRIL_ASSERT(parts_->state == ChannelParts::State::gone);
}

const std::shared_ptr<ConnectionCore>& ChannelCore::connection() const noexcept {
    return parts_->connection;
}
std::uint16_t ChannelCore::number() const noexcept {
    return parts_->number;
}
bool ChannelCore::is_open() const noexcept {
    return parts_->state == ChannelParts::State::open && parts_->connection->is_open();
}
const std::exception_ptr& ChannelCore::error() const noexcept {
    return parts_->error;
}
void ChannelCore::check_open() const {
    if (parts_->state != ChannelParts::State::open) {
        std::rethrow_exception(parts_->error);
    }
    parts_->connection->check_open();
}

void ChannelCore::check_thread() {
    tendril::detail::here::require_owner("an AMQP channel", parts_->thread);
    if (parts_->connection != nullptr) {
        parts_->connection->check_thread();
    }
}
bool ChannelCore::on_its_thread() const noexcept {
    return parts_->thread == tendril::detail::OsThread::current_serial();
}

// ---- Publishing

std::uint64_t ChannelCore::publish(std::string_view exchange, std::string_view key, const Properties& properties,
                                   Bytes body, bool mandatory, const HeaderDefaults& defaults, KeptContent* kept) {
    check_open();
    ConnectionParts& connection = parts_->connection->parts();
    append_content(connection.outbox.frames(), parts_->number,
                   method::BasicPublish{.exchange = exchange, .routing_key = key, .mandatory = mandatory}, properties,
                   {reinterpret_cast<const char*>(body.data()), body.size()}, connection.agreed.frame_max, defaults,
                   kept);
    connection.outbox.wake();
    return parts_->confirms ? ++parts_->published : 0;
}

// What is published from the moment on in which the frame is in the buffer has a tag.
void ChannelCore::select_confirms(Deadline deadline) {
    ChannelCall<method::ConfirmSelectOk> call(*this);
    if (parts_->confirms) {
        return;
    }
    call.append(method::ConfirmSelect{});
    parts_->confirms = true;
    call.await(deadline);
}
bool ChannelCore::confirms() const noexcept {
    return parts_->confirms;
}
void ChannelCore::set_publish_sink(PublishSink* sink) noexcept {
    parts_->publish_sink = sink;
}

// ---- Consuming

std::string ChannelCore::new_tag() {
    std::string tag;
    do {
        tag = "tendril-" + std::to_string(++parts_->tags_made);
    } while (parts_->subscriptions.contains(tag));
    return tag;
}

std::string ChannelCore::consume(std::string_view queue, const ConsumeOptions& options, DeliverySink& sink,
                                 Deadline deadline) {
    if (options.prefetch == 0 && !options.no_ack) {
        throw std::invalid_argument("prefetch 0 would let the broker send without bound: give a number, or no_ack");
    }
    Table arguments = options.arguments;
    if (options.priority) {
        arguments.set("x-priority", *options.priority);
    }
    ChannelCall<method::BasicConsumeOk> call(*this, Undo::cancel);
    std::string tag = options.tag.empty() ? new_tag() : options.tag;
    const auto [at, fresh] = parts_->subscriptions.try_emplace(tag, ChannelParts::Subscription{&sink, options.no_ack});
    if (!fresh) {
        throw std::invalid_argument("this channel has a consumer \"" + tag + "\" already: leave the tag out");
    }
    try {
        const method::BasicConsume consume{.queue = queue,
                                           .consumer_tag = tag,
                                           .no_local = options.no_local,
                                           .no_ack = options.no_ack,
                                           .exclusive = options.exclusive,
                                           .no_wait = false,
                                           .arguments = std::move(arguments)};
        measure_method(consume);  // so that both are sent, or neither
        // In one step, so that no other consumer gets this prefetch.
        if (options.prefetch != 0) {
            call.append_unawaited(method::BasicQos{.prefetch_count = options.prefetch}, method::BasicQosOk::info.id);
        }
        call.append(consume);
    } catch (...) {  // nothing was sent
        parts_->subscriptions.erase(tag);
        throw;
    }
    try {
        call.await(deadline);
    } catch (...) {
        if (const auto entry = parts_->subscriptions.find(tag); entry != parts_->subscriptions.end()) {
            entry->second.sink = nullptr;  // the broker may have it; it goes with its cancel-ok
        }
        throw;
    }
    return tag;
}

void ChannelCore::cancel(const std::string& tag, Deadline deadline, const std::function<void()>& asked) {
    const auto at = parts_->subscriptions.find(tag);
    if (at == parts_->subscriptions.end() || at->second.sink == nullptr) {
        return;
    }
    at->second.sink = nullptr;
    ChannelCall<method::BasicCancelOk> call(*this);
    call.append(method::BasicCancel{.consumer_tag = tag});
    if (asked) {
        asked();
    }
    call.await(deadline);
}

void ChannelCore::cancel_later(const std::string& tag) noexcept {
    const auto at = parts_->subscriptions.find(tag);
    if (at == parts_->subscriptions.end() || at->second.sink == nullptr) {
        return;
    }
    at->second.sink = nullptr;
    if (!is_open()) {
        return;
    }
    try {
        append_unawaited(*this, method::BasicCancel{.consumer_tag = tag}, method::BasicCancelOk::info.id);
    } catch (...) {
        parts_->connection->end(std::current_exception());
    }
}

// ---- Settling

bool ChannelCore::settle(std::uint64_t tag, Settlement how) noexcept {
    if (!is_open()) {
        return false;
    }
    if (how == Settlement::ack) {
        if (!parts_->acks.ack(tag)) {
            return false;
        }
        list_acks();
        drop_if_retired();
        return true;
    }
    if (!parts_->acks.unsettled(tag)) {
        return false;
    }
    try {
        give_back(tag, how == Settlement::requeue);
        parts_->acks.remove(tag);
        drop_if_retired();
        return true;
    } catch (...) {  // no memory: with the connection's end it goes back too
        parts_->connection->end(std::current_exception());
        return false;
    }
}

void ChannelCore::keep(std::unique_ptr<Received> left) noexcept {
    if (parts_->connection != nullptr) {
        parts_->connection->parts().spare.put(std::move(left));
    }
}

std::uint64_t ChannelCore::first_unsettled() const noexcept {
    return parts_->acks.first_unsettled();
}

void ChannelCore::give_back(std::uint64_t tag, bool requeue) {
    Outbox& outbox = parts_->connection->parts().outbox;
    append_method(outbox.frames(), parts_->number, method::BasicReject{.delivery_tag = tag, .requeue = requeue});
    outbox.wake();
}

void ChannelCore::list_acks() noexcept {
    if (!parts_->acks_listed) {
        parts_->acks_listed = true;
        ConnectionParts& connection = parts_->connection->parts();
        connection.acks_due.push_back(this);  // has the capacity for every channel
        connection.outbox.wake();
    }
}

void ChannelCore::flush_acks() {
    if (!parts_->acks.due()) {
        return;
    }
    std::string& frames = parts_->connection->parts().outbox.frames();
    constexpr std::size_t ack_frame = frame_overhead + 13;
    make_room(frames, parts_->acks.marked() * ack_frame);  // so that nothing fails halfway
    parts_->acks.flush([&](std::uint64_t tag, bool multiple) {
        append_method(frames, parts_->number, method::BasicAck{.delivery_tag = tag, .multiple = multiple});
    });
}

// ---- The end

void ChannelCore::begin_close(std::uint16_t code, std::string_view text, const std::exception_ptr& why) {
    TENDRIL_ASSERT(parts_->state == ChannelParts::State::open);
    const std::shared_ptr<ChannelCore> self = shared_from_this();
    flush_acks();
    Outbox& outbox = parts_->connection->parts().outbox;
    append_method(outbox.frames(), parts_->number, method::ChannelClose{.reply_code = code, .reply_text = text});
    outbox.wake();
    parts_->state = ChannelParts::State::closing;
    end_users(why);
}

void ChannelCore::close(Deadline deadline) {
    if (parts_->state == ChannelParts::State::gone) {
        return;
    }
    check_thread();
    tendril::detail::here::refuse_in_callback();
    const std::shared_ptr<ChannelCore> self = shared_from_this();
    if (is_open()) {
        begin_close(200, "closed", closed_by_us("the channel was closed"));
    }
    parts_->closers.wait("amqp channel close", nullptr, deadline);
}

void ChannelCore::drop() noexcept {
    if (!is_open()) {  // or the connection is closing: nothing is sent behind that
        return;
    }
    const std::shared_ptr<ConnectionCore> connection = parts_->connection;
    try {
        begin_close(200, "closed", closed_by_us("the channel was closed"));
    } catch (...) {
        connection->end(std::current_exception());
    }
}

void ChannelCore::retire() noexcept {
    parts_->retiring = true;
    drop_if_retired();
}

void ChannelCore::drop_if_retired() noexcept {
    if (parts_->retiring && parts_->acks.unsettled() == 0) {
        drop();
    }
}

void ChannelCore::give_up_opening() noexcept {
    if (parts_->state == ChannelParts::State::open && parts_->calls.places().empty()) {  // nothing was sent
        const std::shared_ptr<ConnectionCore> connection = parts_->connection;
        parts_->state = ChannelParts::State::gone;
        leave_connection();
        connection->parts().channels.release(parts_->number);
    }
}

void ChannelCore::connection_ended(const std::exception_ptr& why) noexcept {
    if (parts_->state == ChannelParts::State::gone) {
        return;
    }
    const bool ended = parts_->state == ChannelParts::State::closing;
    parts_->state = ChannelParts::State::gone;
    leave_connection();
    if (!ended) {
        end_users(why);
    }
}

// Settles all that waits here, in the order: calls, publishes, consumers.
void ChannelCore::end_users(const std::exception_ptr& why) noexcept {
    parts_->error = why;
    parts_->calls.end(why);
    if (PublishSink* sink = std::exchange(parts_->publish_sink, nullptr)) {
        sink->ended(why);
    }
    while (!parts_->subscriptions.empty()) {
        const auto first = parts_->subscriptions.extract(parts_->subscriptions.begin());
        if (first.mapped().sink != nullptr) {
            first.mapped().sink->ended(why);
        }
    }
}

// Requires: the state is gone.
void ChannelCore::leave_connection() noexcept {
    parts_->closers.wake_all(tendril::detail::Outcome::signalled);
    if (parts_->acks_listed) {
        std::erase(parts_->connection->parts().acks_due, this);
        parts_->acks_listed = false;
    }
    parts_->connection.reset();
}

}  // namespace tendril::amqp::detail
