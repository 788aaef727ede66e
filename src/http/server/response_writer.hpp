// SPDX-License-Identifier: MIT
//
// ResponseWriter: the state of one response, from its first header to its last byte. What a Response is made of.
//
// What goes out is collected in two places: `out_` is ready for the wire, `pending_` is body of which no chunk has been
// made yet. The head is made as late as possible: when the body must go out, or has come to its end; then its length is
// known, and an error before that can still be answered.

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

// What the writer must know of the connection.
class ResponseSide {
public:
    // Asked when the head is made: must the connection end after this response?
    virtual bool must_close() noexcept = 0;
    // Asked before an upgrade: the rest of the request's body is read, as what follows it is of the new protocol.
    // Throws: ProtocolError when it is malformed or too long; as Source::recv().
    virtual void end_request() = 0;
    virtual std::unique_ptr<Stream> take_stream() = 0;  // for an upgrade; what was read already goes first

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
        bool keep_alive = true;  // the client would keep the connection
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

    // In place of what was answered so far, none of which was sent. headers: nullptr: the connection ends.
    void replace(int status, Bytes body, const Headers* headers = nullptr);
    bool can_replace() const noexcept { return state_ == State::fresh || state_ == State::collecting; }

    bool has_begun() const noexcept { return state_ != State::fresh; }
    bool broken() const noexcept { return state_ == State::broken; }
    // Whether this exception is one that sending has thrown: the client's doing, not a handler's.
    bool threw(const std::exception_ptr& error) const noexcept { return error != nullptr && error == thrown_; }
    void forget_error() noexcept { thrown_ = nullptr; }
    bool upgraded() const noexcept { return state_ == State::upgraded; }
    bool ended() const noexcept { return state_ == State::ended; }
    bool closes() const noexcept { return closes_; }  // the connection, once the head is made
    std::uint64_t body_size() const noexcept { return count_; }
    void complete(bool sent) noexcept;  // the hooks
    void trim() noexcept;

    // The last instant at which something was sent, by the hub's clock.
    std::int64_t sent_ns() const noexcept { return sent_ns_; }

    // Sink: what Response::sink() is.
    std::size_t send(Bytes bytes, Deadline deadline) override;
    std::uint64_t send_file(const File& file, std::uint64_t offset, std::uint64_t size, Deadline deadline) override;
    void close() noexcept override {}
    bool is_open() const noexcept override { return state_ < State::ended; }

private:
    // collecting: there is body, but no head yet. open: the head is made. broken: sending failed. cut_short: less was
    // written than was said.
    enum class State : std::uint8_t { fresh, collecting, open, ended, upgraded, broken, cut_short };
    enum class Mode : std::uint8_t { none, length, chunked, until_close };

    // From state to state, as its table allows; begin() starts anew. It is `broken` while something is being sent, and
    // what it was before once that has worked. Returns: the state before.
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
    bool whole_ = false;  // its length is that of the coded body
    int status_ = 200;
    std::uint64_t length_ = 0;  // of Mode::length
    std::uint64_t count_ = 0;   // of the body, so far
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
