// SPDX-License-Identifier: MIT
//
// The receiving side of a WebSocket, and its end.

#include <algorithm>
#include <array>
#include <cerrno>
#include <new>
#include <system_error>
#include <utility>

#include <tendril/detail/hub/time_out.hpp>
#include <tendril/error.hpp>

#include "base/on_exit.hpp"
#include "http/message/rounds.hpp"
#include "http/server/websocket_blame.hpp"
#include "http/websocket/state.hpp"
#include "net/linger.hpp"

namespace tendril::http {

using detail::MessageDecoder;
using Event = MessageDecoder::Event;

// Holds the receiving side while it lives.
class WebSocket::State::Reading {
public:
    Reading(State& state, Reader who) noexcept : state_(state) { state.reader = who; }
    Reading(const Reading&) = delete;
    Reading& operator=(const Reading&) = delete;
    ~Reading() {
        state_.reader = Reader::none;
        state_.give_buffer_back();
        state_.tell_change();
    }

private:
    State& state_;
};

void WebSocket::State::tell_change() {
    change.set();
    change.clear();
}

void WebSocket::State::finish() noexcept {
    if (!std::exchange(done, true)) {
        if (code == 0) {
            code = close_code::abnormal;
        }
        stream->close();
        tell_change();
    }
}

std::optional<WebSocket::Message> WebSocket::State::ended() const {
    if (failure != nullptr) {
        std::rethrow_exception(failure);
    }
    if (!close_came && !closed_here) {
        throw std::system_error(EBADF, std::generic_category(), "recv: the WebSocket was aborted");
    }
    return std::nullopt;
}

std::optional<WebSocket::Message> WebSocket::State::recv(Deadline deadline) {
    while (!done && reader == Reader::close) {
        if (!change.wait(deadline)) {
            tendril::detail::wait_timed_out("WebSocket::recv");
        }
    }
    if (reader == Reader::recv) {
        throw ConcurrentUse("another green thread is already in WebSocket::recv()");
    }
    if (done) {
        return ended();
    }
    const Reading turn(*this, Reader::recv);
    switch (next(deadline)) {
    case Event::message: {
        const bool binary = decoder.binary();
        return Message{decoder.take_message(), binary};
    }
    case Event::close:
        answer_close(deadline);
        [[fallthrough]];
    default:
        return ended();
    }
}

// Returns: the next message or Close; `none` if another green thread has ended the WebSocket meanwhile.
Event WebSocket::State::next(Deadline deadline) {
    std::optional<WebSocketError> breach;
    try {
        for (detail::Rounds rounds(deadline);;) {
            switch (const Event event = decoder.feed(input)) {
            case Event::message:
                send_due();
                return event;
            case Event::close: {
                const detail::CloseReason said = detail::parse_close(decoder.control());
                close_came = true;
                code = said.code;
                reason = said.text;
                return event;
            }
            case Event::ping:
                note_ping(decoder.control());
                break;
            case Event::pong:
                break;
            case Event::none:
                if (rounds.over()) {  // pings and pieces of a message may come without end
                    throw TimeoutError("WebSocket::recv");
                }
                fill(deadline);
            }
        }
    } catch (const WebSocketError& e) {
        breach = e;
    } catch (const TimeoutError&) {
        throw;
    } catch (const std::system_error&) {
        if (done) {  // by close(), abort(), or a send() to a peer that reads nothing
            return Event::none;
        }
        end_with_current_exception();
        throw;
    } catch (const std::bad_alloc&) {
        end_with_current_exception();
        throw;
    }
    end_by(*breach, deadline);
}

// Gives the peer up: closes the connection, and every call throws this reason from now on.
void WebSocket::State::give_up(const char* why) {
    WebSocketError error(close_code::abnormal, why);
    detail::WebSocketBlame::set(error, role, connection);
    if (!done) {
        failure = std::make_exception_ptr(error);
        finish();
    }
    throw WebSocketError(error);
}

void WebSocket::State::end_with_current_exception() noexcept {
    if (!done) {
        failure = std::current_exception();
        finish();
    }
}

void WebSocket::State::give_buffer_back() noexcept {
    if (input.empty()) {
        buffer.reset();
        std::string().swap(leftover);
    }
}

// Calls wait(), which waits for data and reads it; idle meanwhile, if the options say so and no send() is under way. A
// kill that comes of that ends the WebSocket with a Close.
template <class Wait>
auto WebSocket::State::while_idle(Wait wait) {
    if (serving == nullptr) {
        return wait();
    }
    try {
        const tendril::detail::OnExit came([this] {
            waits = false;
            idle.reset();
        });
        waits = true;
        if (!message_lock.locked()) {
            idle.emplace(*serving, IdlePlace::kept);
        }
        return wait();
    } catch (const GreenletExit&) {
        if (serving->stopping()) {
            say_going_away();
        }
        throw;
    }
}

// Waits for more input once all is decoded, or until something else is due. Many WebSockets are idle for long, so it
// holds no buffer while it waits.
void WebSocket::State::fill(Deadline deadline) {
    constexpr std::size_t usual = 4 * 1024;
    constexpr std::size_t large = 32 * 1024;
    send_due();
    give_buffer_back();
    try {
        const Deadline until = std::min(deadline, idle_until());
        const std::size_t n = while_idle([&] {
            stream->await_data(until);
            const std::size_t size = decoder.wanted() > usual ? large : usual;
            buffer = std::make_unique_for_overwrite<std::byte[]>(size);
            return stream->recv({buffer.get(), size}, until);  // waits after a late event, or for all of a TLS record
        });
        if (n == 0) {
            throw WebSocketError(close_code::abnormal, "a WebSocket's connection ended without a Close frame");
        }
        input = {buffer.get(), n};
    } catch (const TimeoutError& e) {
        if (deadline.passed()) {
            throw TimeoutError("WebSocket::recv", e);
        }
        note_silence();
        return;
    }
    pinged = false;
    idle_at = ping_interval.count() > 0 ? Deadline(ping_interval) : never;
}

// Never waits: a stop does not wait for what a peer does not read.
void WebSocket::State::say_going_away() {
    if (send_close_now(detail::make_close(close_code::going_away, {}))) {
        tendril::detail::discard_unread(stream->fd());  // or closing would reset the connection, and lose the Close
        closed_here = true;
        code = close_code::going_away;
    }
    finish();
}

Deadline WebSocket::State::idle_until() const noexcept {
    constexpr std::chrono::milliseconds look_again(100);  // the peer did not read: checks whether there is room now
    return due() ? std::min(idle_at, Deadline(look_again)) : idle_at;
}

void WebSocket::State::note_silence() {
    if (!idle_at.passed()) {
        return;
    }
    if (pinged) {
        throw WebSocketError(close_code::abnormal, "the peer of a WebSocket did not answer a ping");
    }
    pinged = true;
    ping_due = true;
    idle_at = ping_timeout;
}

// Answers the peer's Close, and ends the WebSocket.
void WebSocket::State::answer_close(Deadline deadline) {
    deadline = std::min(deadline, Deadline(close_timeout));
    try {
        if (send_close(detail::make_close(code, {}), deadline) && role == WebSocketRole::client) {
            await_end(deadline);  // the server closes first: RFC 6455, 7.1.1
        }
    } catch (const std::system_error&) {  // too late to matter
    } catch (const Interrupt&) {
        finish();
        throw;
    }
    finish();
}

// Reads to the end of the stream, so that closing does not discard what was sent before the peer has read it.
void WebSocket::State::await_end(Deadline deadline) {
    std::array<std::byte, 512> rest;
    stream->shutdown(Shutdown::write, deadline);
    for (detail::Rounds rounds(deadline); !rounds.over() && stream->recv({rest.data(), rest.size()}, deadline) > 0;) {
    }
}

// The peer broke the protocol: sends it the reason, and closes.
void WebSocket::State::end_by(WebSocketError error, Deadline deadline) {
    detail::WebSocketBlame::set(error, role, connection);
    failure = std::make_exception_ptr(error);
    code = error.close_code();
    if (detail::may_be_sent(code)) {
        deadline = std::min(deadline, Deadline(close_timeout));
        try {
            if (send_close(detail::make_close(code, {}), deadline)) {
                await_end(deadline);
            }
        } catch (const std::system_error&) {  // the caller gets `error` instead
        } catch (const Interrupt&) {
            finish();
            throw;
        }
    }
    finish();
    throw WebSocketError(error);
}

bool WebSocket::State::close(std::string_view payload, Deadline deadline) {
    if (!done) {
        closed_here = true;
        deadline = std::min(deadline, Deadline(close_timeout));
        try {
            if (send_close(payload, deadline)) {
                await_close(deadline);
            }
        } catch (const std::system_error&) {  // the WebSocket ends without an answer
        } catch (const Interrupt&) {
            finish();
            throw;
        }
        finish();
    }
    return close_came && close_sent;
}

// Waits for the peer's Close: through recv() in another green thread, or by reading here if no green thread is in it.
void WebSocket::State::await_close(Deadline deadline) {
    for (detail::Rounds rounds(deadline); !done && !rounds.over();) {
        if (reader != Reader::none) {
            if (!change.wait(deadline)) {
                return;
            }
            continue;
        }
        const Reading turn(*this, Reader::close);
        if (next(deadline) == Event::message) {
            decoder.take_message();
        } else {
            answer_close(deadline);
        }
    }
}

}  // namespace tendril::http
