// SPDX-License-Identifier: MIT
//
// BodyReader: takes a body out of what comes in, as its framing says. One for each message at a time; its Body is what
// users see of it.

#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <string>

#include <tendril/http/body.hpp>

#include "http/message/chunked.hpp"
#include "http/message/framing.hpp"
#include "http/message/incoming.hpp"

namespace tendril::http::detail {

class BodyReader {
public:
    // Told once, before the body is waited for the first time.
    class Begin {
    public:
        virtual void before_body() = 0;  // may wait and throw; is told again then

    protected:
        ~Begin() = default;
    };

    struct Limits {
        Duration timeout = forever;       // for each wait
        std::uint64_t size = UINT64_MAX;  // of the whole
        Deadline end = never;             // of the whole
        bool of_response = false;         // its sender's breaches are 502
    };

    BodyReader() noexcept : body_(*this) {}
    BodyReader(const BodyReader&) = delete;
    BodyReader& operator=(const BodyReader&) = delete;

    // `incoming` and `begin` (which may be nullptr) outlive the reading.
    void begin(Incoming& incoming, const Framing& framing, const Limits& limits, Begin* begin);

    Body& body() noexcept { return body_; }
    const Body& body() const noexcept { return body_; }

    std::size_t recv(Buffer buffer, Deadline deadline);
    void limit(std::uint64_t size) noexcept { limits_.size = size; }
    bool is_too_long() const noexcept;  // by the length that was said
    std::string read_all(std::size_t most, Deadline deadline);
    const Framing& framing() const noexcept { return framing_; }
    bool ended() const noexcept;
    std::uint64_t left() const noexcept { return left_; }  // of a body whose length was said
    bool begun() const noexcept { return begun_; }         // something was asked for
    bool failed() const noexcept { return failed_; }       // or was given up: the connection is of no use after it
    const Headers& trailers() const noexcept { return chunks_.trailers(); }
    void give_up() noexcept { failed_ = true; }

    // Whether this exception is one that reading the body has thrown: the peer's doing, not a handler's.
    bool threw(const std::exception_ptr& error) const noexcept { return error != nullptr && error == thrown_; }
    void forget_error() noexcept { thrown_ = nullptr; }

    // For loops over recv(): see Source::time_out(). The peer's doing.
    [[noreturn]] void time_out(const std::string& doing, std::size_t done = 0);

    // Reads it to its end, within these limits, and throws it away. Returns: whether it came to its end; false when it
    // is larger. Throws: what reading throws, TimeoutError for the deadline.
    bool drain(std::uint64_t most, Deadline deadline);

    // Throws away what has come of it already, and never waits. Returns: whether that was its end.
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
    bool at_end_ = false;  // of a body that ends with the stream
    std::exception_ptr thrown_;
};

}  // namespace tendril::http::detail
