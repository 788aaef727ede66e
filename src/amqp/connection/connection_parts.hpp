// SPDX-License-Identifier: MIT
//
// ConnectionParts: what a ConnectionCore consists of; for the sources of this folder only.

#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <vector>

#include <tendril/amqp/connection.hpp>
#include <tendril/detail/base/list.hpp>
#include <tendril/detail/sync/wait_queue.hpp>
#include <tendril/stream.hpp>

#include "amqp/connection/call.hpp"
#include "amqp/connection/channel_table.hpp"
#include "amqp/connection/connection_core.hpp"
#include "amqp/connection/heart.hpp"
#include "amqp/connection/outbox.hpp"
#include "amqp/connection/spare_received.hpp"
#include "amqp/protocol/frame_reader.hpp"
#include "base/at_fork.hpp"

namespace tendril::amqp::detail {

// What both sides have agreed on.
struct Agreement {
    std::uint16_t channel_max = 0;
    std::uint32_t frame_max = 0;
    Duration heartbeat;  // zero: none
    Table server_properties;
};

struct ConnectionParts final : Heart::Owner {
    // open: calls are possible. closing: connection.close was sent, and its answer is awaited. ended: all is settled;
    // the writer may still have last words to send.
    enum class State : std::uint8_t { open, closing, ended };

    ConnectionParts(ConnectionCore& c, std::shared_ptr<Stream> s, const ConnectionOptions& options,
                    Agreement agreement);

    // The heart's.
    void beat() noexcept override;
    void silent() noexcept override;
    bool may_be_unread() noexcept override;

    bool of_the_parent() const noexcept { return generation != tendril::detail::fork_generation(); }

    ConnectionCore& core;
    const std::shared_ptr<Stream> stream;
    const Agreement agreed;
    const std::size_t max_message;
    const std::uint64_t thread;  // the OS thread's
    // In the child of a fork() it is the parent's: there it ends as soon as anybody looks, without a word.
    const std::uint64_t generation = tendril::detail::fork_generation();

    State state = State::open;
    std::exception_ptr error;  // not null once it has ended
    bool last_words = false;   // the writer closes the stream, after what the socket takes at once

    FrameReader frames;
    SpareReceived spare;
    Outbox outbox;
    Heart heart;
    ChannelTable channels;
    CallLine calls;                      // of channel 0
    std::vector<ChannelCore*> acks_due;  // in the order in which they marked the first; room for every channel
    tendril::detail::WaitQueue closers{"an AMQP connection"};
    tendril::detail::List<ConnectionListener> listeners;

    bool blocked = false;
    std::string blocked_reason;

    std::size_t holds = 0;  // hold_reading()
    tendril::detail::WaitQueue held_reader{"an AMQP connection"};
};

}  // namespace tendril::amqp::detail
