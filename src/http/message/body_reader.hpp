// SPDX-License-Identifier: MIT
//
// BodyReader: reads a body from the incoming bytes, as its framing says. A connection has one, for one message at a
// time; users see it as a Body.

#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <string>

#include <tendril/http/body.hpp>
#include <tendril/http/message.hpp>

#include "http/message/chunked.hpp"
#include "http/message/framing.hpp"
#include "http/message/incoming.hpp"

namespace tendril::http::detail {

class BodyReader {
public:
    // Notified once, before the first wait for the body.
    class Begin {
    public:
        virtual void before_body() = 0;  // may wait and throw; after a throw it is called again

    protected:
        ~Begin() = default;
    };

    struct Limits {
        Duration timeout = forever;       // for each wait
        std::uint64_t size = UINT64_MAX;  // of the whole
        Deadline end = never;             // of the whole
        bool of_response = false;         // the sender's violations are reported as 502
    };

    BodyReader() noexcept : body_(*this) {}
    BodyReader(const BodyReader&) = delete;
    BodyReader& operator=(const BodyReader&) = delete;

    // Requires: `incoming` and `begin` (which may be nullptr) outlive the reading.
    void begin(Incoming& incoming, const Framing& framing, const Limits& limits, Begin* begin);

    Body& body() noexcept { return body_; }
    const Body& body() const noexcept { return body_; }

    std::size_t recv(Buffer buffer, Deadline deadline);
    void limit(std::uint64_t size) noexcept { limits_.size = size; }
    bool is_too_long() const noexcept;  // by the stated length
    std::string read_all(std::size_t most, Deadline deadline);
    const Framing& framing() const noexcept { return framing_; }
    bool ended() const noexcept;
    std::uint64_t left() const noexcept { return left_; }  // of a body with a stated length
    bool begun() const noexcept { return begun_; }         // a read was begun
    bool failed() const noexcept { return failed_; }       // or was given up; the connection cannot be used any more
    const Headers& trailers() const noexcept { return chunks_.trailers(); }
    void give_up() noexcept { failed_ = true; }

    // Whether reading the body threw this exception: then the peer is at fault, not the handler.
    bool threw(const std::exception_ptr& error) const noexcept { return error != nullptr && error == thrown_; }
    void forget_error() noexcept { thrown_ = nullptr; }

    // For loops over recv(): see Source::time_out(). Counts as the peer's fault.
    [[noreturn]] void time_out(const TimeoutError& error);

    // Reads the rest of the body and discards it.
    // Returns: whether the body ended; false if more than `most` bytes were left.
    // Throws: what reading throws; TimeoutError at the deadline.
    bool drain(std::uint64_t most, Deadline deadline);

    // Discards what has already arrived of the body, without waiting. Returns: whether the body ended.
    bool skip_unread() noexcept;

private:
    std::size_t recv_some(Buffer buffer, Deadline deadline);
    std::size_t recv_length(Buffer buffer, Deadline deadline);
    std::size_t recv_chunked(Buffer buffer, Deadline deadline);
    void begin_reading();
    [[noreturn]] void incomplete();
    [[noreturn]] static void too_large();
    [[noreturn]] void fail(const ProtocolError& error);
    Deadline limited(Deadline deadline) const;

    Body body_;
    Incoming* incoming_ = nullptr;
    Framing framing_;
    std::uint64_t left_ = 0;  // of Framing::Kind::length
    ChunkedDecoder chunks_;
    Limits limits_;
    std::uint64_t read_ = 0;
    Begin* begin_ = nullptr;
    bool begun_ = false;
    bool failed_ = false;
    bool at_end_ = false;  // for a body that ends with the stream
    std::exception_ptr thrown_;
};

}  // namespace tendril::http::detail
