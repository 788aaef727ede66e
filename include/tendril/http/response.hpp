// SPDX-License-Identifier: MIT
// Floor: http
//
// Response: what a handler answers: whole, by send(), or in pieces, by write(). Valid until the handler returns.
//
//     response.send("Hello, World!", "text/plain");
//     response.status(404).send("no such page");
//
//     response.headers().set("Content-Type", "text/csv");
//     for (const Row& row : rows) response.write(row.line());        chunked, or with the Content-Length that was set
//
// When the handler returns, the server ends the response: it sends the rest of the body, or an answer without a body. A
// handler cannot break the protocol: a response never has a body where none is allowed (for HEAD the body is counted
// but not sent), never one whose length differs from its Content-Length, and no header can end a line.
//
// Calls that send may wait, and yield then. They throw TimeoutError when the client takes nothing for
// ServerOptions::write_timeout, std::system_error when the client is gone, and Interrupt when the green thread is
// killed or timed out. The connection ends after each of these, as it is unknown how much the client got. A call that
// comes too late, or would send a second body, throws std::logic_error. An error before the first byte was sent can
// still be answered by the server.

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <tendril/bytes.hpp>
#include <tendril/http/headers.hpp>
#include <tendril/stream.hpp>

namespace tendril::http {

namespace detail {
struct Exchange;
class ResponseWriter;
}  // namespace detail

class Response {
public:
    Response(const Response&) = delete;
    Response& operator=(const Response&) = delete;

    // Sets the status; 200 at first. reason: for people only; empty: the usual one.
    // Throws: std::invalid_argument: not 200 to 599, or a control character in the reason; std::logic_error: it has
    // begun.
    Response& status(int status, std::string_view reason = {});
    int status() const noexcept;

    // The headers, to be changed before the response has begun. Content-Length: how much will be written. Connection:
    // "close" ends the connection after this response. Throws: std::logic_error: it has begun.
    Headers& headers();
    // Sets one header. Throws: as headers() and Headers::set().
    Response& set(std::string_view name, std::string_view value) {
        headers().set(name, value);
        return *this;
    }

    // Sends the whole response, with this body. type: its Content-Type, unless the headers have one; empty: text/plain
    // with charset=utf-8 for a body that is not empty. Throws: as said above; std::invalid_argument for a control
    // character in the type.
    void send(Bytes body, std::string_view type = {});
    void send(int status, Bytes body, std::string_view type = {}) { this->status(status).send(body, type); }

    // Sends the whole response, with this part of a file as its body; the kernel copies it where it can. It is never
    // compressed. type: as for send(), but empty: application/octet-stream.
    // Throws: as send(); what reading the file throws; std::logic_error when the file is shorter.
    void send_file(const File& file, std::uint64_t offset, std::uint64_t count, std::string_view type = {});

    // Adds a piece to the body. Pieces are collected, without waiting, until ServerOptions::write_coalesce bytes are
    // reached, or flush(). The body is chunked, or has the Content-Length that was set.
    // Throws: as said above; std::logic_error for more than the Content-Length.
    void write(Bytes piece);
    // Adds a part of a file to the body, at once and not collected. Throws: as send_file().
    void write_file(const File& file, std::uint64_t offset, std::uint64_t count);
    // From now on, collects pieces up to this size, in place of ServerOptions::write_coalesce; 0: sends each at once.
    void coalesce(std::size_t least) noexcept;
    // Sends the headers, and what was collected.
    void flush();
    // Ends the body and sends the rest. Trailers are sent only behind a chunked body. Idempotent.
    // Throws: as said above; std::logic_error when less than the Content-Length was written.
    void end(const Headers& trailers = {});

    // write() and write_file() as a Sink. ServerOptions::write_timeout holds instead of the deadlines.
    Sink& sink() noexcept;

    // Sends an interim response before the response itself: 103 Early Hints and the like. 100 tells a client that waits
    // for it to send its body; reading the body does so too. Sends nothing to an HTTP/1.0 client.
    // Throws: std::invalid_argument for a status that is not 1xx, and for 101; std::logic_error once a head was sent.
    void send_interim(int status, const Headers& headers = {});

    // Leaves HTTP: reads the rest of the request's body, and answers 101 (to CONNECT: 200) with the headers, and
    // Upgrade: protocol. The time limits of the server no longer hold, handler_timeout included.
    // Returns: the connection's stream, now the caller's own; bytes that were already read come out of it first.
    // Throws: std::logic_error: the request does not ask for an upgrade, or a response has begun;
    // std::invalid_argument: the protocol's name is not valid; ProtocolError: more than 256 KiB of the body were unread
    // (413), or it is malformed (400); TimeoutError: reading it took longer than a second; as said above.
    std::unique_ptr<Stream> upgrade(std::string_view protocol);

    // Calls the hook once the response is over. `sent`: all of it was given to the system to send. The hook must not
    // throw; what it throws is reported. It may wait, in a Shield: a kill that comes meanwhile is thrown afterwards.
    void on_complete(std::function<void(bool sent)> hook);

    bool has_begun() const noexcept;           // whether status and headers are fixed: a piece of the body was written
    std::uint64_t body_size() const noexcept;  // bytes of the body so far, before compression

private:
    friend struct detail::Exchange;
    explicit Response(detail::ResponseWriter& writer) noexcept : writer_(writer) {}
    detail::ResponseWriter& writer_;
};

}  // namespace tendril::http
