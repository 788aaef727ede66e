// SPDX-License-Identifier: MIT
//
// The sending side of a WebSocket.

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include <openssl/rand.h>

#include <tendril/error.hpp>
#include <tendril/shield.hpp>

#include "base/timed_out.hpp"
#include "http/message/rounds.hpp"
#include "http/websocket/state.hpp"
#include "hub/here.hpp"

namespace tendril::http {

using detail::FrameHeader;
using detail::Opcode;

detail::MaskKey detail::MaskKeys::next() {
    if (used_ == keys_.size()) {
        if (::RAND_bytes(reinterpret_cast<unsigned char*>(keys_.data()), sizeof keys_) != 1) {
            throw std::system_error(EIO, std::generic_category(), "a WebSocket got no random bytes");
        }
        used_ = 0;
    }
    return keys_[used_++];
}

// Holds a lock while it lives.
class WebSocket::State::Held {
public:
    Held(Lock& lock, const char* what, Deadline deadline) : lock_(lock) {
        if (!lock.acquire(deadline)) {
            tendril::detail::time_out({.waited_ns = tendril::detail::here::waited_ns()},
                                      [what] { return std::string("WebSocket::") + what + ", waiting for its turn"; });
        }
    }
    explicit Held(Lock& locked) noexcept : lock_(locked) {}
    Held(const Held&) = delete;
    Held& operator=(const Held&) = delete;
    ~Held() { lock_.unlock(); }

private:
    Lock& lock_;
};

// A message is being sent: meanwhile the connection is not idle, although recv() may wait.
class WebSocket::State::Busy {
public:
    explicit Busy(State& state) noexcept : state_(state) { state_.idle.reset(); }
    Busy(const Busy&) = delete;
    Busy& operator=(const Busy&) = delete;
    ~Busy() {
        if (state_.waits && state_.serving != nullptr) {
            try {
                state_.idle.emplace(*state_.serving, IdlePlace::kept);
            } catch (const GreenletExit&) {  // only if the handler sends, and another green thread is in recv()
            }
        }
    }

private:
    State& state_;
};

void WebSocket::State::check_can_send(const char* what) const {
    if (done || close_sent || close_came) {
        throw std::system_error(EPIPE, std::generic_category(), std::string(what) + ": the WebSocket is closed");
    }
    if (message_broken || frame_broken) {
        throw std::system_error(EPIPE, std::generic_category(),
                                std::string(what) + ": an earlier send was interrupted inside a message");
    }
}

// Compresses a message and drops the last four bytes, which the peer's decoder adds again: RFC 7692, 7.2.1.
std::string WebSocket::State::packed(Bytes data) {
    constexpr std::size_t tail = 4;
    std::string out;
    deflater->write(data, out);
    deflater->flush(out);
    out.resize(out.size() - tail);
    if (deflate_for_itself) {
        deflater->reset();
    }
    return out;
}

void WebSocket::State::send_message(Opcode opcode, Bytes data, Deadline deadline) {
    const Held turn(message_lock, "send", deadline);
    check_can_send("send");
    const Busy busy(*this);
    FrameHeader header{.opcode = opcode};
    std::size_t sent = 0;
    try {
        std::string shorter;
        if (deflater.has_value() && !data.empty() && data.size() >= agreement.deflate->threshold) {
            header.compressed = true;
            shorter = packed(data);
            data = shorter;
        }
        send_fragments(header, data, sent, deadline);
    } catch (...) {
        if (sent > 0) {
            message_broken = true;
        } else if (header.compressed) {
            deflater->reset();  // the peer has not seen this message: no later one may refer to it
        }
        throw;
    }
}

void WebSocket::State::send_fragments(FrameHeader header, Bytes data, std::size_t& sent, Deadline deadline) {
    try {
        for (detail::Rounds rounds(deadline);;) {
            if (rounds.over()) {
                throw TimeoutError("between two fragments");
            }
            const std::size_t n = std::min(data.size(), fragment_size);
            header.fin = n == data.size();
            {
                const Held turn(frame_lock, "send", deadline);
                check_can_send("send");
                send_frame(header, {data.data(), n}, sent, deadline);
            }
            if (header.fin) {
                return;
            }
            data = data.after(n);
            header.opcode = Opcode::continuation;
            header.compressed = false;
        }
    } catch (const TimeoutError& e) {
        throw TimeoutError("WebSocket::send", e, sent);
    }
}

// Sends `start` and then `rest`, under frame_lock. Gives the peer up if it takes none of it for write_timeout; a Close
// has its own limit. Throws: TimeoutError, whose done() says how much was sent.
void WebSocket::State::transmit(Bytes start, Bytes rest, Deadline deadline) {
    const bool bounded = write_timeout.count() > 0 && !close_sent;
    for (std::size_t done_before = 0;;) {
        const Deadline patience = bounded ? Deadline(write_timeout) : never;
        try {
            if (rest.empty()) {
                stream->send_all(start, std::min(deadline, patience));
            } else {
                const Bytes parts[] = {start, rest};
                stream->send_parts(parts, std::min(deadline, patience));
            }
            return;
        } catch (const TimeoutError& e) {
            const std::size_t gone = e.done();
            if (deadline <= patience || !patience.passed()) {
                throw TimeoutError(e, done_before + gone);
            }
            if (gone == 0) {
                give_up("the peer of a WebSocket does not read what is sent to it");
            }
            done_before += gone;
            const std::size_t of_start = std::min(gone, start.size());
            start = start.after(of_start);
            rest = rest.after(gone - of_start);
        }
    }
}

// Sends a frame, under frame_lock. Adds to `sent` how many bytes have certainly gone out; at least 1 if any may have.
void WebSocket::State::send_frame(FrameHeader header, Bytes payload, std::size_t& sent, Deadline deadline) {
    send_outbox(deadline);
    header.size = payload.size();
    std::size_t now = 0;
    frame_broken = true;
    try {
        if (role == WebSocketRole::client) {
            send_masked(header, payload, now, deadline);
        } else {
            std::array<std::byte, detail::longest_header> head;
            const Bytes start(head.data(), detail::write_frame_header(header, head));
            transmit(start, payload, deadline);
            now = start.size() + payload.size();
        }
    } catch (const TimeoutError& e) {
        now += e.done();
        frame_broken = now > 0;
        sent += now;
        throw;
    } catch (...) {
        ++sent;
        throw;
    }
    frame_broken = false;
    sent += now;
    send_due_now();
}

void WebSocket::State::send_masked(FrameHeader header, Bytes payload, std::size_t& sent, Deadline deadline) {
    constexpr std::size_t at_once = 16 * 1024;
    header.masked = true;
    header.key = keys.next();
    std::array<std::byte, detail::longest_header> head;
    std::size_t n = detail::write_frame_header(header, head);
    std::string chunk;
    chunk.reserve(n + std::min(payload.size(), at_once));
    chunk.append(reinterpret_cast<const char*>(head.data()), n);
    detail::Rounds rounds(deadline);
    for (std::size_t at = 0;;) {
        if (rounds.over()) {
            throw TimeoutError("between two pieces of a frame");
        }
        n = std::min(payload.size() - at, at_once);
        chunk.append(reinterpret_cast<const char*>(payload.data()) + at, n);
        detail::mask({chunk.data() + chunk.size() - n, n}, header.key, at);
        transmit(chunk, {}, deadline);
        sent += chunk.size();
        at += n;
        if (at == payload.size()) {
            return;
        }
        chunk.clear();
    }
}

// Sends the rest of a control frame, under frame_lock.
void WebSocket::State::send_outbox(Deadline deadline) {
    if (outbox.empty()) {
        return;
    }
    frame_broken = true;
    try {
        transmit(outbox, {}, deadline);
    } catch (const TimeoutError& e) {
        outbox.erase(0, e.done());
        frame_broken = false;
        throw TimeoutError(e, 0);
    }
    frame_broken = false;
    outbox.clear();
}

void WebSocket::State::send_ping(Bytes payload, Deadline deadline) {
    const Held turn(frame_lock, "ping", deadline);
    check_can_send("ping");
    std::size_t sent = 0;
    send_frame({.opcode = Opcode::ping}, payload, sent, deadline);
}

bool WebSocket::State::send_close(std::string_view payload, Deadline deadline) {
    const Held turn(frame_lock, "close", deadline);
    if (close_sent) {
        return true;
    }
    send_due_now();
    if (done || frame_broken) {
        return false;
    }
    close_sent = true;
    std::size_t sent = 0;
    send_frame({.opcode = Opcode::close}, payload, sent, deadline);
    return true;
}

// Returns: whether all of it was given to the system.
bool WebSocket::State::send_close_now(std::string_view payload) {
    if (done || !frame_lock.try_lock()) {
        return false;
    }
    const Held turn(frame_lock);
    send_due_now();
    if (done || frame_broken || close_sent || !outbox.empty()) {
        return false;
    }
    const Shield shield;
    const std::string frame = control_frame(Opcode::close, payload);
    close_sent = true;
    try {
        return stream->send(frame, Deadline::Clock::time_point()) == frame.size();
    } catch (const std::system_error&) {  // the peer takes nothing, or has gone
        return false;
    }
}

void WebSocket::State::send_due() {
    // The green thread that holds the lock, or waits for it, sends what is due too.
    if (due() && frame_lock.try_lock()) {
        const Held turn(frame_lock);
        send_due_now();
    }
}

std::string WebSocket::State::control_frame(Opcode opcode, Bytes payload) {
    FrameHeader header{.opcode = opcode, .masked = role == WebSocketRole::client};
    if (header.masked) {
        header.key = keys.next();
    }
    return detail::make_frame(header, payload);
}

void WebSocket::State::note_ping(Bytes payload) {
    constexpr std::size_t most = 1024;
    const std::string pong = control_frame(Opcode::pong, payload);
    if (pongs_due.size() + pong.size() > most) {
        pongs_due.clear();
    }
    pongs_due += pong;
}

// Sends what is due, under frame_lock. Does not wait, so it is known what was sent; an Interrupt comes later.
void WebSocket::State::send_due_now() {
    if (!due()) {
        return;
    }
    const Shield shield;
    constexpr Deadline passed = Deadline::Clock::time_point();
    // A peer that pings without end makes more pongs due meanwhile; those left go out the next time.
    for (detail::Rounds rounds(passed); due() && !done && !frame_broken && !close_sent && !rounds.over();) {
        if (outbox.empty() && !pongs_due.empty()) {
            outbox.swap(pongs_due);
        } else if (outbox.empty()) {
            outbox = control_frame(Opcode::ping, {});
            ping_due = false;
        }
        try {
            outbox.erase(0, stream->send(outbox, passed));
        } catch (const TimeoutError& e) {
            outbox.erase(0, e.done());
            if (e.done() == 0) {
                return;
            }
        } catch (const std::system_error&) {  // the reader reports what has become of the connection
            frame_broken = true;
        }
    }
    if (done || frame_broken || close_sent) {
        outbox.clear();
        pongs_due.clear();
        ping_due = false;
    }
}

}  // namespace tendril::http
