// SPDX-License-Identifier: MIT
//
// The writer of a connection: sends all that was appended meanwhile in one go.

#include <cstddef>

#include <tendril/amqp/error.hpp>
#include <tendril/error.hpp>

#include "amqp/connection/connection_core.hpp"
#include "amqp/connection/connection_parts.hpp"
#include "amqp/connection/refusal.hpp"
#include "hub/here.hpp"

namespace tendril::amqp::detail {

namespace here = tendril::detail::here;

using State = ConnectionParts::State;

void ConnectionCore::write() {
    try {
        write_on();
    } catch (...) {
        end(loss("send"));
    }
    if (parts_->last_words) {
        say_last_words();
    }
}

void ConnectionCore::write_on() {
    Outbox& outbox = parts_->outbox;
    while (parts_->state != State::ended) {
        flush_acks();
        if (outbox.empty()) {
            outbox.await();
            continue;
        }
        let_others_append();
        if (parts_->state == State::ended) {
            break;
        }
        flush_acks();
        parts_->stream->send_all(outbox.take());
        outbox.sent();
        parts_->heart.sent();
    }
}

// A send costs more than all else of some messages. So where they come in numbers, those who are ready have their turn
// first, and again while that brings more: but not without end, since the first of them waits.
void ConnectionCore::let_others_append() {
    constexpr int most_rounds = 3;
    constexpr std::size_t some = std::size_t{4} * 1024;
    constexpr std::size_t plenty = std::size_t{64} * 1024;
    const Outbox& outbox = parts_->outbox;
    std::size_t seen = some;
    for (int round = 0; round < most_rounds && outbox.unsent() > seen && outbox.unsent() < plenty; ++round) {
        seen = outbox.unsent();
        here::yield();
    }
}

// The deadline has passed already, so this sends what the socket takes.
void ConnectionCore::say_last_words() noexcept {
    try {
        parts_->stream->send_all(parts_->outbox.take(), std::chrono::seconds(0));
    } catch (...) {  // a kill, too: there is nothing left to unwind
    }
    parts_->outbox.sent();
    parts_->stream->close();
}

}  // namespace tendril::amqp::detail
