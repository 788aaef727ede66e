// SPDX-License-Identifier: MIT
//
// ChannelCall: a method of a channel that waits for its answer. In steps, so that a caller can do something between:
//
//     ChannelCall<method::QueuePurgeOk> call(channel);     Throws what ended the channel, WrongThread, HubBlocked
//     call.append(method::QueuePurge{.queue = name});      Throws std::invalid_argument: nothing was sent
//     Answer answer = call.await(deadline);                Throws TimeoutError, Interrupt: it has given up

#pragma once

#include <memory>

#include "amqp/connection/call.hpp"
#include "amqp/connection/channel_core.hpp"
#include "amqp/connection/channel_parts.hpp"
#include "amqp/connection/connection_parts.hpp"
#include "amqp/protocol/methods.hpp"
#include "amqp/protocol/wire.hpp"
#include "hub/here.hpp"

namespace tendril::amqp::detail {

// Appends the method behind the acks that are due, and a place in the line for its answer. Throws: std::bad_alloc,
// std::invalid_argument; then nothing was appended but acks.
template <class M>
void append_call(ChannelCore& channel, const M& method, const ReplyLine::Place& place) {
    ChannelParts& parts = channel.parts();
    ConnectionParts& connection = parts.connection->parts();
    channel.flush_acks();
    parts.calls.push(place);
    try {
        append_method(connection.outbox.frames(), parts.number, method, connection.agreed.frame_max);
    } catch (...) {
        parts.calls.places().drop_last();
        throw;
    }
    connection.outbox.wake();
}

// For a method whose answer nobody waits for.
template <class M>
void append_unawaited(ChannelCore& channel, const M& method, MethodId answer) {
    append_call(channel, method, {.answer = answer, .other = {}});
}

// A place for the answer. Other: the second method that may answer.
template <class Ok, class Other = Ok>
class ChannelCall {
public:
    explicit ChannelCall(ChannelCore& channel, Undo undo = Undo::nothing)
        : channel_(channel.shared_from_this()), undo_(undo), call_(checked(channel)) {}

    template <class M>
    void append(const M& method) {
        call_.name(M::info.name);
        append_call(*channel_, method,
                    {.answer = Ok::info.id, .other = Other::info.id, .undo = undo_, .caller = &call_});
    }
    template <class M>
    void append_unawaited(const M& method, MethodId answer) {
        detail::append_unawaited(*channel_, method, answer);
    }
    Answer await(Deadline deadline) { return channel_->parts().calls.await(call_, deadline); }

private:
    static const char* checked(ChannelCore& channel) {
        channel.check_thread();
        tendril::detail::here::refuse_in_callback();
        channel.check_open();
        return Ok::info.name.data();
    }

    const std::shared_ptr<ChannelCore> channel_;
    const Undo undo_;
    Call call_;
};

// All three steps.
template <class Ok, class M>
Answer call(ChannelCore& channel, const M& method, Deadline deadline) {
    ChannelCall<Ok> made(channel);
    made.append(method);
    return made.await(deadline);
}

}  // namespace tendril::amqp::detail
