// SPDX-License-Identifier: MIT
//
// ResponseWriter: the state of one response, from its first header to its last byte. What a Response is made of.
//
// Bytes to send are collected in two places: `out_` is ready for the wire, `pending_` is body that is not in a chunk
// yet. The head is made as late as possible: when some of the body must be sent, or at its end. In the second case its
// length is known. An error before the head can still be answered.

#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tendril/http/request.hpp>
#include <tendril/http/response.hpp>
#include <tendril/http/server.hpp>

#include "http/message/content_coding.hpp"
#include "http/message/out_buffer.hpp"

namespace tendril::http::detail {

// What the writer asks its connection.
class ResponseSide {
public:
    // Whether the connection must end after this response. Called when the head is made.
    virtual bool must_close() noexcept = 0;
    // Reads the rest of the request's body before an upgrade, as what follows it belongs to the new protocol.
    // Throws: ProtocolError if the body is malformed or too long; as Source::recv().
    virtual void end_request() = 0;
    // Gives the connection's stream away, for an upgrade. Bytes that were already read come out of it first.
    virtual std::unique_ptr<Stream> take_stream() = 0;

protected:
    ~ResponseSide() = default;
};

class ResponseWriter final : public Sink {
public:
    ResponseWriter() noexcept = default;
    ResponseWriter(const ResponseWriter&) = delete;
    ResponseWriter& operator=(const ResponseWriter&) = delete;

    struct Asked {
        bool head = false;       // the request's method is HEAD: no body
        bool connect = false;    // CONNECT
        bool upgrades = false;   // it asks for an upgrade
        bool keep_alive = true;  // the client allows further requests
        Version version = Version::http_1_1;
        const Headers* headers = nullptr;  // of the request; nullptr: it could not be read
    };
    void begin(ResponseSide& side, Stream& stream, const ServerOptions& options, const Asked& asked);

    void status(int status, std::string_view reason);
    int status() const noexcept { return status_; }
    Headers& headers();
    void send_whole(Bytes body, std::string_view type);
    void send_whole_file(const File& file, std::uint64_t offset, std::uint64_t size, std::string_view type);
    void write(Bytes piece);
    void write_file(const File& file, std::uint64_t offset, std::uint64_t size);
    void coalesce(std::size_t least) noexcept { coalesce_ = least; }
    void flush();
    void end(const Headers* trailers);
    void send_interim(int status, const Headers& headers);
    std::unique_ptr<Stream> upgrade(std::string_view protocol);
    void on_complete(std::function<void(bool)> hook) { hooks_.push_back(std::move(hook)); }

    // Discards the answer made so far, and sends this one instead. headers: nullptr: the connection ends.
    // Requires: can_replace().
    void replace(int status, Bytes body, const Headers* headers = nullptr);
    bool can_replace() const noexcept { return state_ == State::fresh || state_ == State::collecting; }

    bool has_begun() const noexcept { return state_ != State::fresh; }
    bool broken() const noexcept { return state_ == State::broken; }
    // Whether sending threw this exception: then the client is the cause, not the handler.
    bool threw(const std::exception_ptr& error) const noexcept { return error != nullptr && error == thrown_; }
    void forget_error() noexcept { thrown_ = nullptr; }
    bool upgraded() const noexcept { return state_ == State::upgraded; }
    bool ended() const noexcept { return state_ == State::ended; }
    bool continued() const noexcept { return continued_; }  // whether a 100 was sent
    bool closes() const noexcept { return closes_; }  // whether the connection ends after it; known once it has a head
    std::uint64_t body_size() const noexcept { return count_; }
    void complete(bool sent) noexcept;  // calls the on_complete() hooks; may wait, in a Shield
    void trim() noexcept;               // frees memory beyond 32 KiB per buffer

    // When the last sending began, by the hub's clock.
    std::int64_t sent_ns() const noexcept { return sent_ns_; }

    // Sink: see Response::sink().
    std::size_t send(Bytes bytes, Deadline deadline) override;
    std::uint64_t send_file(const File& file, std::uint64_t offset, std::uint64_t size, Deadline deadline) override;
    void close() noexcept override {}
    bool is_open() const noexcept override { return state_ < State::ended; }

private:
    // collecting: there is body, but no head yet. open: the head is made. broken: sending failed. cut_short: it was
    // ended with less body than its Content-Length.
    enum class State : std::uint8_t { fresh, collecting, open, ended, upgraded, broken, cut_short };
    enum class Mode : std::uint8_t { none, length, chunked, until_close };

    // Changes the state, as the table in it allows; begin() starts anew. The state is `broken` while something is being
    // sent, and is set back once that has succeeded. Returns: the state before.
    State transition(State to) noexcept;
    void require_open();
    void count(std::uint64_t n);
    void make_head(std::optional<std::uint64_t> length, std::string_view type);
    void make_status_line();
    void make_fields(std::string_view type);
    void make_connection_fields();
    void make_type(std::string_view type);
    void append_others(const Headers& headers);
    static bool is_ours(std::string_view name);
    bool opens_tunnel() const noexcept { return asked_.connect && status_ / 100 == 2; }
    void check_status() const;
    void choose_mode(std::optional<std::uint64_t> length);
    std::optional<std::uint64_t> said_length() const;
    void append_name(std::string_view name);
    void append_field(std::string_view name, std::string_view value);
    void end_collected(bool with_trailers);
    [[noreturn]] void refuse_length(std::uint64_t said) const;
    void begin_body(std::optional<std::uint64_t> length);
    bool wants_coding(std::string_view type);
    bool code_whole(Bytes& body, std::string_view type);
    void emit(Bytes piece, bool flush = false);
    void emit_chunk(Bytes piece);
    void transmit(Bytes piece);
    void transmit_parts(Bytes piece);
    void transmit_file(const File& file, std::uint64_t offset, std::uint64_t size);
    [[noreturn]] static void misuse(const char* what);

    ResponseSide* side_ = nullptr;
    Stream* stream_ = nullptr;
    const ServerOptions* options_ = nullptr;
    Asked asked_;
    State state_ = State::fresh;
    Mode mode_ = Mode::none;
    bool closes_ = false;
    bool continued_ = false;
    bool whole_ = false;  // length_ is that of the compressed body, count_ of the original
    int status_ = 200;
    std::uint64_t length_ = 0;  // only for Mode::length
    std::uint64_t count_ = 0;   // bytes of the body so far
    std::int64_t sent_ns_ = 0;
    std::size_t coalesce_ = 0;
    std::string reason_;
    Headers headers_;
    OutBuffer out_;
    OutBuffer pending_;
    ContentCoding coding_;
    std::vector<std::function<void(bool)>> hooks_;
    std::exception_ptr thrown_;
};

}  // namespace tendril::http::detail
