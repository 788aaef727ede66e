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
// A Client keeps connections open and uses them again; any number of green threads of its hub may use it at once, and
// it belongs to that hub's OS thread. Connections are verified TLS for https and wss, plain for http, ws and http+unix.
// A kill or a timeout anywhere closes the connection that was in use, or gives it back whole.
//
// What the server answers, of any status, is a response; a server that breaks the protocol is a ProtocolError
// (message.hpp), what the system or TLS says a std::system_error. Examples: examples/fetch_all.cpp,
// examples/http_server.cpp

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

// A redirect that was followed: who answered with which status.
struct Redirect {
    Url url;
    int status;
};

// Its head has come; its body is read as it is wanted. The connection goes back to the Client when the body has been
// read to its end (then `this` may be kept for as long as you like), and is closed when a response is dropped before.
// May outlive its Client. One green thread at a time.
class ClientResponse {
public:
    ClientResponse(ClientResponse&&) noexcept;
    ClientResponse& operator=(ClientResponse&&) noexcept;
    ~ClientResponse();  // never waits

    int status() const noexcept;
    bool ok() const noexcept { return status() >= 200 && status() < 300; }
    const std::string& reason() const noexcept;
    Version version() const noexcept;
    const Headers& headers() const noexcept;  // as they came, Content-Encoding too where the body is decoded
    std::string_view header(std::string_view name) const noexcept { return headers().get(name); }
    const Url& url() const noexcept;  // that was answered, after redirects
    const std::vector<Redirect>& redirects() const noexcept;

    // Decoded, where it came compressed and that was asked for; as long as this response. Its recv() throws
    // ProtocolError: the body is malformed, or ended too soon; TimeoutError, by the Client's limits or the deadline.
    Source& body() noexcept;

    // All that is left of the body. Throws: ProtocolError (too_large) for more than `most` bytes; as body().recv().
    std::string text(std::size_t most = std::size_t{16} * 1024 * 1024, Deadline deadline = never);

    // Of the body as it is sent, where that was said.
    std::optional<std::uint64_t> length() const noexcept;
    const Headers& trailers() const noexcept;  // behind the body, once it has been read to its end

    // After a 101: the connection, for what both agreed on; what had come behind the head is read first.
    // Throws: std::logic_error when this is no 101, or the second time.
    std::unique_ptr<Stream> upgrade();

    void close() noexcept;  // nothing more of the body is wanted

private:
    friend class Client;
    explicit ClientResponse(std::unique_ptr<detail::Answer> answer) noexcept;
    std::unique_ptr<detail::Answer> answer_;
};

struct ClientStats {
    std::size_t open = 0;     // connections, and those that are being made
    std::size_t idle = 0;     // of these
    std::size_t waiting = 0;  // green threads, for a connection
    std::uint64_t made = 0;   // connections so far
};

class Client {
public:
    // Throws: std::invalid_argument: no connections at all; a proxy that is not http; a negative time; a control
    // character in user_agent.
    explicit Client(ClientOptions options = {});
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;
    ~Client();  // closes the idle connections; responses that are out stay good

    // Sends it and waits for the head of the response, redirects followed; the deadline is for that, and the body has
    // deadlines of its own. A response that comes before the request's body was sent counts: one of a status from 300
    // on ends the sending.
    // Throws: std::invalid_argument: a method that is no token, CONNECT, or fields that are the client's to write
    // (Content-Length, Transfer-Encoding, Expect); TimeoutError; ProtocolError: the server's breach, too many
    // redirects, one from https to http; TlsError; std::system_error; what the body's stream throws; Interrupt.
    ClientResponse request(ClientRequest request, Deadline deadline = never);

    ClientResponse get(const Url& url, Deadline deadline = never) { return request({.url = url}, deadline); }
    ClientResponse head(const Url& url, Deadline deadline = never) {
        return request({.method = "HEAD", .url = url}, deadline);
    }
    ClientResponse post(const Url& url, RequestBody body, std::string_view content_type = "application/octet-stream",
                        Deadline deadline = never);

    void close_idle() noexcept;
    ClientStats stats() const noexcept;

private:
    std::shared_ptr<detail::ClientPool> pool_;
};

// With a connection of their own, which ends with the response.
ClientResponse get(const Url& url, const ClientOptions& options = {}, Deadline deadline = never);
ClientResponse post(const Url& url, RequestBody body, std::string_view content_type = "application/octet-stream",
                    const ClientOptions& options = {}, Deadline deadline = never);

}  // namespace tendril::http
