// SPDX-License-Identifier: MIT
// Floor: http
//
// An HTTP/1.1 client (RFC 9110, RFC 9112), as plain blocking calls.
//
//     std::string page = http::get("https://example.org/").text();
//
//     http::Client client({.per_origin = 4});
//     http::ClientResponse answer = client.request({.method = "PUT", .url = url, .body = "text"}, 10s);
//     if (answer.ok()) ...
//
// A Client keeps connections open and reuses them. Any number of green threads of its hub may use it at once; it
// belongs to that hub's OS thread. Connections are verified TLS for https and wss, plain for http, ws and http+unix. A
// kill or a timeout in any call closes the connection that was in use, or gives it back whole.
//
// A response of any status is returned, not thrown. A server that breaks the protocol is a ProtocolError (message.hpp),
// errors of the system and of TLS are std::system_errors.
//
// Examples: examples/fetch_all.cpp, examples/http_server.cpp

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tendril/deadline.hpp>
#include <tendril/http/client_options.hpp>
#include <tendril/http/client_request.hpp>
#include <tendril/http/headers.hpp>
#include <tendril/http/message.hpp>
#include <tendril/http/url.hpp>
#include <tendril/stream.hpp>

namespace tendril::http {

namespace detail {
class ClientPool;
struct Answer;
}  // namespace detail

// A redirect that was followed.
struct Redirect {
    Url url;     // of the request that was redirected
    int status;  // 301, 302, 303, 307 or 308
};

// A response whose head has arrived; its body is read on demand. The connection goes back to the Client once the body
// has been read to its end; the response may be kept for any time after that. A response that is dropped earlier closes
// its connection, unless the rest of the body has already arrived. May outlive its Client. One green thread at a time.
class ClientResponse {
public:
    ClientResponse(ClientResponse&&) noexcept;
    ClientResponse& operator=(ClientResponse&&) noexcept;
    ~ClientResponse();  // never waits

    int status() const noexcept;                                            // from 200 on, or 101
    bool ok() const noexcept { return status() >= 200 && status() < 300; }  // whether the status is 2xx
    const std::string& reason() const noexcept;                             // the text behind the status; may be empty
    Version version() const noexcept;                                       // of the response's head
    const Headers& headers() const noexcept;  // as they came; Content-Encoding too, even if the body is decoded
    std::string_view header(std::string_view name) const noexcept { return headers().get(name); }  // "" for none
    const Url& url() const noexcept;                          // of the request that this answers, after redirects
    const std::vector<Redirect>& redirects() const noexcept;  // those that were followed, in order

    // The body, valid as long as this response; decompressed, if it came compressed and ClientOptions::decompress asked
    // for that. Its recv() waits, and throws as Source::recv(); ProtocolError: the body is malformed, or ended too
    // soon; TimeoutError: a time limit of the Client's, or the deadline, came first.
    Source& body() noexcept;

    // Reads the rest of the body. A call that was interrupted or timed out has lost nothing: the next one goes on.
    // Yields. Throws: ProtocolError (too_large) for more than `most` bytes, the connection is closed then; as
    // body().recv().
    std::string text(std::size_t most = std::size_t{16} * 1024 * 1024, Deadline deadline = never);

    // Returns: the length of the body as it is sent, before decoding; nothing if the server has not stated it.
    std::optional<std::uint64_t> length() const noexcept;
    const Headers& trailers() const noexcept;  // fields that followed the body; empty until it has been read to its end

    // After a 101: gives the connection away, for the protocol that both sides agreed on. Bytes that came behind the
    // head are read first. Does not wait. Throws: std::logic_error: this is not a 101, or upgrade() or
    // close() was called before.
    std::unique_ptr<Stream> upgrade();

    void close() noexcept;  // gives up the rest of the body, and closes the connection unless all of it was read

private:
    friend class Client;
    explicit ClientResponse(std::unique_ptr<detail::Answer> answer) noexcept;
    std::unique_ptr<detail::Answer> answer_;
};

// Counts of a Client.
struct ClientStats {
    std::size_t open = 0;     // connections, those being made included
    std::size_t idle = 0;     // connections of these that no request uses
    std::size_t waiting = 0;  // green threads that wait for a connection
    std::uint64_t made = 0;   // connections made so far
};

// A client with a pool of connections: see the head of this file.
class Client {
public:
    // Makes no connection yet. Throws: std::invalid_argument: a limit of 0 connections; a proxy that is not http; a
    // negative time; a control character in user_agent.
    explicit Client(ClientOptions options = {});
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;
    ~Client();  // closes the idle connections; responses not read yet stay valid

    // Sends the request, follows redirects, and waits for the head of the response. The deadline is for all of that;
    // the body has deadlines of its own. A response may come before the request's body has been sent: if its status is
    // 300 or more, sending ends.
    // Yields. Throws: std::invalid_argument: a method that is not a token, CONNECT, fields that only the client may
    // write (Content-Length, Transfer-Encoding, Expect), or credentials that Basic cannot carry; TimeoutError: the
    // deadline or a time limit came first; ProtocolError: the server broke the protocol, redirected too often, or from
    // https to http; TlsError; std::system_error; what the body's stream throws; Interrupt. After a TimeoutError or an
    // Interrupt it is unknown whether the server got the request.
    ClientResponse request(ClientRequest request, Deadline deadline = never);

    // The same for the usual methods.
    ClientResponse get(const Url& url, Deadline deadline = never) { return request({.url = url}, deadline); }
    ClientResponse head(const Url& url, Deadline deadline = never) {
        return request({.method = "HEAD", .url = url}, deadline);
    }
    ClientResponse post(const Url& url, RequestBody body, std::string_view content_type = "application/octet-stream",
                        Deadline deadline = never);

    void close_idle() noexcept;          // closes the connections that no request uses
    ClientStats stats() const noexcept;  // as of now

private:
    std::shared_ptr<detail::ClientPool> pool_;
};

// Sends one request over a connection of its own, which is closed with the response. Yields. Throws: as Client() and
// Client::request().
ClientResponse get(const Url& url, const ClientOptions& options = {}, Deadline deadline = never);
ClientResponse post(const Url& url, RequestBody body, std::string_view content_type = "application/octet-stream",
                    const ClientOptions& options = {}, Deadline deadline = never);

}  // namespace tendril::http
