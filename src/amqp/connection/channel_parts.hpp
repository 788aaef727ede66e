// SPDX-License-Identifier: MIT
//
// ChannelParts: what a ChannelCore consists of; for the sources of this folder only.

#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <tendril/detail/sync/wait_queue.hpp>

#include "amqp/connection/call.hpp"
#include "amqp/connection/channel_core.hpp"
#include "amqp/connection/raw_confirms.hpp"
#include "amqp/protocol/acks.hpp"
#include "amqp/protocol/content_reader.hpp"

namespace tendril::amqp::detail {

// What comes, and the content of it that is under way.
struct Incoming {
    enum class Kind : std::uint8_t { deliver, get_ok, returned };

    Kind kind = Kind::deliver;
    std::string consumer_tag;
    std::unique_ptr<Received> received;  // null: none has begun, or the last one was taken
    std::uint64_t tag = 0;
    bool redelivered = false;
    std::uint16_t code = 0;  // of what came back
    std::string text;
};

struct ChannelParts {
    // open: calls are possible. closing: ended for its users, and channel.close was sent: its answer is awaited.
    // gone: nothing is sent or expected any more, and its number may be another's.
    enum class State : std::uint8_t { open, closing, gone };

    // A consumer that the broker has, or may have. Without a sink: what comes for it goes back.
    struct Subscription {
        DeliverySink* sink = nullptr;
        bool no_ack = false;
    };

    static constexpr std::size_t most_returned = 100;

    ChannelParts(std::shared_ptr<ConnectionCore> c, std::uint16_t n, std::uint64_t os_thread, std::size_t max_message)
        : connection(std::move(c)), number(n), thread(os_thread), content(max_message) {}

    std::shared_ptr<ConnectionCore> connection;  // null once it is gone
    const std::uint16_t number;
    const std::uint64_t thread;  // the OS thread's
    State state = State::open;
    std::exception_ptr error;  // not null once it has ended

    CallLine calls;
    tendril::detail::WaitQueue closers{"a Channel"};  // wait for close-ok

    Acks acks;
    bool retiring = false;       // ends when all is settled
    bool acks_listed = false;    // in the connection's list of those that have acks to send
    std::uint64_t last_tag = 0;  // of the deliveries that came
    std::size_t recovering = 0;  // basic.recover was sent so often, and not answered: what comes meanwhile comes again

    Incoming incoming;
    ContentReader content;
    std::map<std::string, Subscription, std::less<>> subscriptions;
    std::uint64_t tags_made = 0;

    bool confirms = false;
    std::uint64_t published = 0;  // since confirm.select was sent: the tag of the last
    PublishSink* publish_sink = nullptr;
    std::unique_ptr<RawConfirms> raw_confirms;  // of a Channel in confirm mode
    std::deque<Delivery> returned;              // without a sink: the last ones
};

}  // namespace tendril::amqp::detail
