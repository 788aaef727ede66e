// SPDX-License-Identifier: MIT
//
// What the broker sends on a channel. Runs in the connection's reader: nothing here waits.

#include <stdexcept>
#include <string>
#include <utility>

#include <tendril/amqp/error.hpp>
#include <tendril/detail/base/check.hpp>

#include "amqp/connection/channel_call.hpp"
#include "amqp/connection/channel_core.hpp"
#include "amqp/connection/channel_parts.hpp"
#include "amqp/connection/connection_parts.hpp"
#include "amqp/connection/delivery_maker.hpp"
#include "amqp/connection/refusal.hpp"
#include "amqp/protocol/methods.hpp"
#include "amqp/protocol/wire.hpp"

namespace tendril::amqp::detail {

namespace {

template <class M>
void take_origin(Incoming& incoming, const M& method) {
    incoming.received->exchange = method.exchange;
    incoming.received->routing_key = method.routing_key;
    if constexpr (requires { method.delivery_tag; }) {
        incoming.tag = method.delivery_tag;
        incoming.redelivered = method.redelivered;
    }
}

}  // namespace

// What is called from here may end the channel, and drop the last reference to it: nothing may be touched after that.
void ChannelCore::receive(const Frame& frame) {
    TENDRIL_ASSERT(parts_->state != ChannelParts::State::gone);
    const bool closing = parts_->state == ChannelParts::State::closing;
    if (frame.type == FrameType::method) {
        const std::uint32_t number = method_id(frame.payload).number();
        if (!closing || number == number_of<method::ChannelClose> || number == number_of<method::ChannelCloseOk>) {
            on_method(frame.payload);
        }
    } else if (!closing && parts_->content.feed(frame)) {
        on_content();
    }
}

void ChannelCore::begin_content() {
    parts_->content.check_idle("another method with content");
    parts_->incoming.received = parts_->connection->parts().spare.take();
    parts_->content.begin(parts_->incoming.received->message);
}

void ChannelCore::on_method(std::string_view payload) {
    Incoming& incoming = parts_->incoming;
    switch (const MethodId id = method_id(payload); id.number()) {
    case number_of<method::BasicDeliver>: {
        const auto deliver = decode_method<method::BasicDeliver>(payload);
        begin_content();
        incoming.kind = Incoming::Kind::deliver;
        incoming.consumer_tag = deliver.consumer_tag;
        take_origin(incoming, deliver);
        return;
    }
    case number_of<method::BasicGetOk>:
        begin_content();
        static_cast<void>(parts_->calls.places().front(id));
        incoming.kind = Incoming::Kind::get_ok;
        take_origin(incoming, decode_method<method::BasicGetOk>(payload));
        return;
    case number_of<method::BasicReturn>: {
        const auto back = decode_method<method::BasicReturn>(payload);
        begin_content();
        incoming.kind = Incoming::Kind::returned;
        incoming.code = back.reply_code;
        incoming.text = back.reply_text;
        take_origin(incoming, back);
        return;
    }
    case number_of<method::ChannelClose>:  // may cut content short
        return on_close(payload);
    default:
        if (const MethodInfo* info = method_info(id)) {
            parts_->content.check_idle(info->name);
        }
        return on_request(id.number(), payload);
    }
}

// Methods without content that nobody asked for; all others are answers.
void ChannelCore::on_request(std::uint32_t number, std::string_view payload) {
    std::string& frames = parts_->connection->parts().outbox.frames();
    switch (number) {
    case number_of<method::BasicAck>: {
        const auto ack = decode_method<method::BasicAck>(payload);
        if (parts_->publish_sink != nullptr) {
            parts_->publish_sink->acked(ack.delivery_tag, ack.multiple);
        }
        return;
    }
    case number_of<method::BasicNack>: {
        const auto nack = decode_method<method::BasicNack>(payload);
        if (parts_->publish_sink != nullptr) {
            parts_->publish_sink->nacked(nack.delivery_tag, nack.multiple);
        }
        return;
    }
    case number_of<method::BasicCancel>: {
        const auto cancel = decode_method<method::BasicCancel>(payload);
        if (!cancel.no_wait) {
            append_method(frames, parts_->number, method::BasicCancelOk{.consumer_tag = cancel.consumer_tag});
            parts_->connection->parts().outbox.wake();
        }
        if (const auto at = parts_->subscriptions.find(cancel.consumer_tag); at != parts_->subscriptions.end()) {
            const auto gone = parts_->subscriptions.extract(at);
            if (gone.mapped().sink != nullptr) {
                gone.mapped().sink->cancelled();
            }
        }
        return;
    }
    case number_of<method::ChannelFlow>: {  // RabbitMQ sends none; the connection's own bounds hold anyway
        const auto flow = decode_method<method::ChannelFlow>(payload);
        append_method(frames, parts_->number, method::ChannelFlowOk{.active = flow.active});
        parts_->connection->parts().outbox.wake();
        return;
    }
    case number_of<method::ChannelCloseOk>: {
        decode_method<method::ChannelCloseOk>(payload);
        if (parts_->state != ChannelParts::State::closing) {
            throw ProtocolError("the broker sent channel.close-ok, which nobody asked for");
        }
        const std::shared_ptr<ChannelCore> self = shared_from_this();  // the table may have the last reference
        const std::shared_ptr<ConnectionCore> connection = parts_->connection;
        parts_->state = ChannelParts::State::gone;
        leave_connection();
        connection->parts().channels.release(parts_->number);
        return;
    }
    default:
        return on_answer(method_id(payload), payload);
    }
}

void ChannelCore::on_answer(MethodId id, std::string_view payload) {
    Answer said;
    switch (id.number()) {
    case number_of<method::QueueDeclareOk>: {
        const auto ok = decode_method<method::QueueDeclareOk>(payload);
        said.name = ok.queue;
        said.messages = ok.message_count;
        said.consumers = ok.consumer_count;
        break;
    }
    case number_of<method::QueueDeleteOk>:
        said.messages = decode_method<method::QueueDeleteOk>(payload).message_count;
        break;
    case number_of<method::QueuePurgeOk>:
        said.messages = decode_method<method::QueuePurgeOk>(payload).message_count;
        break;
    case number_of<method::BasicConsumeOk>:
        said.name = decode_method<method::BasicConsumeOk>(payload).consumer_tag;
        break;
    case number_of<method::BasicCancelOk>: {
        const auto ok = decode_method<method::BasicCancelOk>(payload);
        if (const auto at = parts_->subscriptions.find(ok.consumer_tag);
            at != parts_->subscriptions.end() && at->second.sink == nullptr) {
            parts_->subscriptions.erase(at);
        }
        break;
    }
    case number_of<method::BasicRecoverOk>:
        static_cast<void>(parts_->calls.places().front(id));
        --parts_->recovering;
        break;
    default:
        // Reads it all, so that a malformed one is noticed. Throws for a number that no method has.
        visit_method(payload, [](const auto&) {});
    }
    answer(id, said);
}

void ChannelCore::answer(MethodId id, Answer& said) {
    const Undo undo = parts_->calls.answer(id, said);
    if (!is_open()) {  // the connection is closing: nothing is sent behind that
        return;
    }
    switch (undo) {
    case Undo::nothing:
    case Undo::requeue:  // by the destructor of the Delivery
        return;
    case Undo::cancel:
        return append_unawaited(*this, method::BasicCancel{.consumer_tag = said.name}, method::BasicCancelOk::info.id);
    case Undo::close:
        return begin_close(200, "nobody waits for it", closed_by_us("the channel was closed"));
    }
}

void ChannelCore::on_close(std::string_view payload) {
    const auto close = decode_method<method::ChannelClose>(payload);
    const std::shared_ptr<ChannelCore> self = shared_from_this();
    const std::shared_ptr<ConnectionCore> connection = parts_->connection;
    append_method(connection->parts().outbox.frames(), parts_->number, method::ChannelCloseOk{});
    connection->parts().outbox.wake();
    const bool ended = parts_->state == ChannelParts::State::closing;
    const std::exception_ptr why =
        channel_refusal(close.reply_code, close.reply_text, {close.class_id, close.method_id});
    parts_->state = ChannelParts::State::gone;
    leave_connection();
    if (!ended) {
        end_users(why);
    }
    connection->parts().channels.release(parts_->number);
}

void ChannelCore::on_content() {
    Incoming& incoming = parts_->incoming;
    if (parts_->content.too_large()) {
        return refuse_too_large();
    }
    switch (incoming.kind) {
    case Incoming::Kind::deliver:
        return deliver();
    case Incoming::Kind::get_ok: {
        constexpr MethodId id = method::BasicGetOk::info.id;
        const bool no_ack = parts_->calls.places().front(id).undo != Undo::requeue;
        if (!no_ack) {
            add_unsettled(incoming.tag);
        }
        Answer got;
        got.delivery.emplace(make_delivery(no_ack));
        return answer(id, got);
    }
    case Incoming::Kind::returned:
        return on_returned();
    }
}

void ChannelCore::on_returned() {
    Incoming& incoming = parts_->incoming;
    if (parts_->publish_sink != nullptr) {
        const std::unique_ptr<Received> back = std::move(incoming.received);
        return parts_->publish_sink->returned({incoming.code, incoming.text, std::move(back->exchange),
                                               std::move(back->routing_key), std::move(back->message)});
    }
    if (parts_->returned.size() == ChannelParts::most_returned) {
        parts_->returned.pop_front();
    }
    incoming.tag = 0;
    incoming.redelivered = false;
    parts_->returned.push_back(make_delivery(true));
}

// What comes between basic.recover and its answer was sent before the broker took all back, and will come again.
void ChannelCore::add_unsettled(std::uint64_t tag) {
    if (tag <= parts_->last_tag) {
        throw ProtocolError("the broker sent the delivery tag " + std::to_string(tag) + " after " +
                            std::to_string(parts_->last_tag));
    }
    if (parts_->recovering == 0) {
        parts_->acks.add(tag);
    }
    parts_->last_tag = tag;
}

Delivery ChannelCore::make_delivery(bool settled) {
    Incoming& incoming = parts_->incoming;
    return DeliveryMaker::make(settled && incoming.kind == Incoming::Kind::returned ? nullptr : shared_from_this(),
                               {.tag = incoming.tag, .redelivered = incoming.redelivered, .no_ack = settled},
                               std::move(incoming.received));
}

void ChannelCore::deliver() {
    const Incoming& incoming = parts_->incoming;
    const auto at = parts_->subscriptions.find(incoming.consumer_tag);
    const bool no_ack = at != parts_->subscriptions.end() && at->second.no_ack;
    if (!no_ack) {
        add_unsettled(incoming.tag);
        if (parts_->recovering > 0) {
            return;
        }
    }
    Delivery delivery = make_delivery(no_ack);  // goes back when it is not taken
    if (at != parts_->subscriptions.end() && at->second.sink != nullptr) {
        at->second.sink->deliver(std::move(delivery));
    }
}

// Closing the channel gives it back to its queue, like all that is not settled.
void ChannelCore::refuse_too_large() {
    const std::string text = "a message of " + std::to_string(parts_->content.size()) +
                             " bytes came, more than ConnectionOptions::max_message; the channel was closed, and it "
                             "went back";
    parts_->incoming.received.reset();
    begin_close(311, "larger than the client takes", std::make_exception_ptr(std::length_error(text)));
}

}  // namespace tendril::amqp::detail
