// SPDX-License-Identifier: MIT
//
// How a Connection ends: skips the rest of a request's body, and makes sure that the last response arrives.

#include <algorithm>
#include <chrono>
#include <cstdint>

#include <tendril/error.hpp>

#include "http/server/connection.hpp"

namespace tendril::http::detail {

namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t most_drained = std::uint64_t{256} * 1024;  // bytes of a body that the handler left unread
constexpr std::chrono::nanoseconds longest_drain = 1s;

}  // namespace

// Called when the head of the response is made.
bool Connection::must_close() noexcept {
    const Exchange& x = *exchange_;
    if (!x.head.keep_alive || x.body.failed() || connected_.serving.stopping()) {
        return true;
    }
    if (x.body.ended()) {
        return false;
    }
    // The client may be waiting for "100 Continue", or send more than is worth reading: RFC 9110, 10.1.1.
    return x.body.is_too_long() || (x.head.expects_continue && !x.body.begun()) ||
           (x.head.framing.kind == Framing::Kind::length && x.body.left() > most_drained);
}

// Skips the unread rest of the body. Returns: false if the connection must close instead.
bool Connection::finish_body() {
    Exchange& x = *exchange_;
    if (x.writer.closes()) {
        return false;
    }
    if (x.body.ended()) {
        return true;
    }
    try {
        return x.body.drain(most_drained, longest_drain);
    } catch (const std::system_error&) {
        return false;
    }
}

void Connection::end_request() {
    BodyReader& body = exchange_->body;
    if (!body.ended() && !body.drain(most_drained, longest_drain)) {
        throw ProtocolError(Fault::too_large, 413, "the body before an upgrade is too long");
    }
}

void Connection::end_before_stop() {
    try {
        ResponseWriter& writer = exchange_->writer;
        if (!writer.broken() && !writer.upgraded()) {
            writer.end(nullptr);
        }
    } catch (const std::exception&) {
        // The client has gone, or the response is not whole: the connection ends anyway.
    }
    given_up_ = exchange_->writer.broken();
}

void Connection::close() {
    if (!given_up_) {
        close_gently(connected_.stream, {.time = server_.options().linger_timeout, .expected = still_expected()});
    }
}

// How much of the answered request the client has still to send. It may not have begun to, but must get the answer all
// the same. UINT64_MAX: unknown.
std::uint64_t Connection::still_expected() const noexcept {
    if (refused_) {
        return UINT64_MAX;
    }
    if (exchange_ == nullptr || exchange_->body.ended()) {
        return 0;
    }
    const BodyReader& body = exchange_->body;
    if (body.framing().kind != Framing::Kind::length) {
        return UINT64_MAX;
    }
    return body.left() - std::min<std::uint64_t>(body.left(), exchange_->incoming.unread().size());
}

}  // namespace tendril::http::detail
