// SPDX-License-Identifier: MIT
//
// The state behind a WebSocket: a decoder for the input, the order of the output, and the end.
//
// 1. A data message is sent under message_lock, and every frame under frame_lock: control frames go between.
// 2. Nothing in recv() waits for the peer to read, except the Close at the end, which has a time limit. Pongs, and
//    pings of its own, are `due`: they are sent when there is room, by the reader or by the green thread that has
//    frame_lock.
// 3. `outbox` begins where the last byte sent ended. It goes out before any other frame.

#pragma once

#include <array>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <tendril/event.hpp>
#include <tendril/http/websocket.hpp>
#include <tendril/lock.hpp>

#include "http/message/deflate.hpp"
#include "http/websocket/decoder.hpp"
#include "http/websocket/frame.hpp"

namespace tendril::http {

namespace detail {

// Random keys for masks, fetched several at once.
class MaskKeys {
public:
    MaskKey next();

private:
    std::array<MaskKey, 16> keys_{};
    std::size_t used_ = 16;
};

}  // namespace detail

struct WebSocket::State {
    State(std::unique_ptr<Stream> s, WebSocketRole r, const WebSocketOptions& options, WebSocketAgreement&& agreed,
          std::string&& over);

    // recv.cpp
    std::optional<Message> recv(Deadline deadline);
    bool close(std::string_view payload, Deadline deadline);
    void finish() noexcept;

    // send.cpp
    void send_message(detail::Opcode opcode, Bytes data, Deadline deadline);
    void send_ping(Bytes payload, Deadline deadline);
    bool send_close(std::string_view payload, Deadline deadline);  // returns false if it cannot be sent
    void send_due();                                               // does not wait
    bool send_close_now(std::string_view payload);                 // the same, for a Close
    void note_ping(Bytes payload);
    bool due() const noexcept { return !outbox.empty() || !pongs_due.empty() || ping_due; }

    // Constant.
    const std::unique_ptr<Stream> stream;
    const WebSocketRole role;
    const std::size_t fragment_size;
    const Duration ping_interval;
    const Duration ping_timeout;
    const Duration write_timeout;
    const Duration close_timeout;
    const WebSocketAgreement agreement;
    Serving* const serving;          // nullptr: recv() does not make the connection idle
    const std::uint64_t connection;  // PeerWatch::connection(), for WebSocketBlame

private:
    class Reading;
    class Held;
    class Busy;

    detail::MessageDecoder::Event next(Deadline deadline);
    void fill(Deadline deadline);
    void give_buffer_back() noexcept;
    Deadline idle_until() const noexcept;
    template <class Wait>
    auto while_idle(Wait wait);
    void say_going_away();
    void note_silence();
    [[noreturn]] void end_by(WebSocketError error, Deadline deadline);
    void answer_close(Deadline deadline);
    void await_close(Deadline deadline);
    void await_end(Deadline deadline);
    void end_with_current_exception() noexcept;
    [[noreturn]] void give_up(const char* why);
    std::optional<Message> ended() const;
    void tell_change();

    void check_can_send(const char* what) const;
    std::string packed(Bytes data);
    void send_fragments(detail::FrameHeader header, Bytes data, std::size_t& sent, Deadline deadline);
    void send_frame(detail::FrameHeader header, Bytes payload, std::size_t& sent, Deadline deadline);
    void transmit(Bytes start, Bytes rest, Deadline deadline);
    void send_masked(detail::FrameHeader header, Bytes payload, std::size_t& sent, Deadline deadline);
    void send_outbox(Deadline deadline);
    void send_due_now();
    std::string control_frame(detail::Opcode opcode, Bytes payload);

public:
    // Receiving.
    // which call holds the receiving side
    enum class Reader : std::uint8_t { none, recv, close } reader = Reader::none;
    detail::MessageDecoder decoder;
    std::string leftover;
    std::unique_ptr<std::byte[]> buffer{};  // only while there is data in it
    Bytes input;                            // not decoded yet; points into `leftover` or `buffer`
    Deadline idle_at;  // if the peer is silent until then, it is pinged, or given up if it was already pinged
    bool pinged = false;
    bool waits = false;                 // recv() waits for data
    std::optional<Serving::Idle> idle;  // while it waits, there is a `serving`, and no send() is under way

    // Sending.
    Lock message_lock;
    Lock frame_lock;
    std::optional<detail::Deflater> deflater{};
    bool deflate_for_itself = false;
    detail::MaskKeys keys;
    std::string outbox{};     // under frame_lock: the rest of a control frame
    std::string pongs_due{};  // whole frames; when there are many, only the newest ping's: RFC 6455, 5.5.3
    bool ping_due = false;
    bool message_broken = false;  // a send was interrupted between two frames of a message
    bool frame_broken = false;    // a send was interrupted inside a frame
    bool close_sent = false;

    // The end.
    bool done = false;  // the stream is closed
    bool close_came = false;
    bool closed_here = false;  // by close()
    std::exception_ptr failure{};
    int code = 0;
    std::string reason{};
    Event change;  // set for a moment when a reader has left, or when the WebSocket is done
};

}  // namespace tendril::http
