// SPDX-License-Identifier: MIT
//
// The writer of a connection: sends all that was appended meanwhile in one go.

#include <tendril/amqp/error.hpp>
#include <tendril/error.hpp>

#include "amqp/connection/connection_core.hpp"
#include "amqp/connection/connection_parts.hpp"
#include "amqp/connection/refusal.hpp"

namespace tendril::amqp::detail {

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
        parts_->stream->send_all(outbox.take());
        outbox.sent();
        parts_->heart.sent();
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
