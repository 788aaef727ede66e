// SPDX-License-Identifier: MIT
// Floor: http
//
// Response: what a handler answers. Whole, by send(); or in pieces, by write().
//
//     response.send("Hello, World!", "text/plain");
//     response.status(404).send("no such page");
//
//     response.headers().set("Content-Type", "text/csv");
//     for (const Row& row : rows) response.write(row.line());        chunked, or with the Content-Length that was set
//
// What a handler leaves undone is done when it returns: an answer without a body, the end of a body. It cannot be made
// to break the protocol: there is no body where there may be none (HEAD: what is sent is counted, and goes nowhere),
// none of another length than was said, and no header that ends a line.
//
// Calls that send may wait: throws TimeoutError when the client takes nothing for ServerOptions::write_timeout,
// std::system_error when it is gone, Interrupt; the connection ends after each of them. A call that comes too late, or
// is one body too many, throws std::logic_error.

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

    // 200 to 599, until it has begun; the reason is for eyes only. Throws: std::invalid_argument.
    Response& status(int status, std::string_view reason = {});
    int status() const noexcept;

    // Until it has begun. Content-Length: how much will be written. Connection: "close" ends the connection.
    Headers& headers();
    Response& set(std::string_view name, std::string_view value) {
        headers().set(name, value);
        return *this;
    }

    // The whole body. type: its Content-Type, unless the headers have one.
    void send(Bytes body, std::string_view type = {});
    void send(int status, Bytes body, std::string_view type = {}) { this->status(status).send(body, type); }

    // The whole body is this part of a file; the kernel copies it, where it can.
    void send_file(const File& file, std::uint64_t offset, std::uint64_t count, std::string_view type = {});

    // A piece of the body. Pieces are collected until ServerOptions::write_coalesce is reached, or flush().
    void write(Bytes piece);
    void write_file(const File& file, std::uint64_t offset, std::uint64_t count);
    void
    coalesce(std::size_t least) noexcept;    // from now on in place of ServerOptions::write_coalesce; 0: each at once
    void flush();                            // sends what was collected, and the headers
    void end(const Headers& trailers = {});  // no more comes; trailers go only behind a chunked body

    Sink& sink() noexcept;  // write() as a Sink, for who needs one

    // Before the response: 103 Early Hints and the like. 100: says to a client that waits for it that it may send its
    // body; reading the body does so too. Not to HTTP/1.0. Throws: std::invalid_argument for a status that is not 1xx,
    // and for 101.
    void send_interim(int status, const Headers& headers = {});

    // Leaves HTTP: answers 101 (to CONNECT: 200) with the headers, and Upgrade: protocol. The stream is the caller's
    // from now on, bytes that were read already come out of it first.
    // Throws: std::logic_error for a request that does not ask for an upgrade.
    std::unique_ptr<Stream> upgrade(std::string_view protocol);

    // Called once all is over: `sent`: the client was sent the whole of it, as far as the system knows. Must not throw.
    // It may wait, in a Shield: a kill that comes meanwhile comes after it.
    void on_complete(std::function<void(bool sent)> hook);

    bool has_begun() const noexcept;           // something of it was sent, or will be as it is
    std::uint64_t body_size() const noexcept;  // bytes of the body so far

private:
    friend struct detail::Exchange;
    explicit Response(detail::ResponseWriter& writer) noexcept : writer_(writer) {}
    detail::ResponseWriter& writer_;
};

}  // namespace tendril::http
