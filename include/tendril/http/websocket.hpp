// SPDX-License-Identifier: MIT
// Floor: http
//
// WebSocket: whole messages both ways over one connection, RFC 6455, compressed if both sides want it, RFC 7692.
//
//     while (auto message = socket.recv()) {
//         socket.send(message->data);
//     }
//
// One green thread may receive while any number of others send; a second receiver gets ConcurrentUse. Messages are sent
// in the order of the calls, each whole; only pings, pongs and a Close may be sent between the fragments of one. recv()
// answers pings and the peer's Close: while no green thread is in recv(), they are not answered. A WebSocket belongs to
// the OS thread that made it, as a socket does.
//
// Example: examples/http_websocket.cpp

#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tendril/bytes.hpp>
#include <tendril/deadline.hpp>
#include <tendril/duration.hpp>
#include <tendril/http/headers.hpp>
#include <tendril/http/url.hpp>
#include <tendril/http/websocket_error.hpp>
#include <tendril/server.hpp>
#include <tendril/stream.hpp>

namespace tendril::http {

class Client;
class Request;
class Response;

// Which side of the connection this program is.
enum class WebSocketRole : std::uint8_t { server, client };

// permessage-deflate: what one side offers or accepts, and what both have agreed on. From the first compressed message
// on, an open WebSocket uses up to 300 KiB for it.
struct WebSocketDeflate {
    int level = 6;               // for messages sent: 0 to 9
    std::size_t threshold = 64;  // bytes; shorter messages are sent as they are
    // Whether that side compresses each message on its own: they get larger, but the size of one tells nothing about
    // another.
    bool server_no_context_takeover = false;
    bool client_no_context_takeover = false;
    int server_max_window_bits = 15;  // 8 to 15: how far back that side refers, as a power of two
    int client_max_window_bits = 15;
};

// Options of a WebSocket.
struct WebSocketOptions {
    std::size_t max_message = std::size_t{1} << 20;     // bytes to receive: inflated, all fragments together
    std::size_t fragment_size = std::size_t{64} << 10;  // bytes; longer messages are sent in several frames

    // These keep a peer that has vanished, or reads nothing, from holding its connection without limit. recv() pings a
    // peer that was silent for ping_interval (0: never); the peer must then send something within ping_timeout. A send
    // of which the peer takes nothing for write_timeout (0: no limit) ends the WebSocket.
    Duration ping_interval = std::chrono::seconds(30);
    Duration ping_timeout = std::chrono::seconds(30);
    Duration write_timeout = std::chrono::seconds(30);
    Duration close_timeout = std::chrono::seconds(5);  // for the exchange of Close frames at the end

    // Server: &request.serving(). While recv() waits for a message, the connection is then idle: a stop of the server
    // ends it at once, with a Close of 1001 (going away), instead of waiting for the drain. A send() that is under way
    // meanwhile is waited for. Not by default, as a handler may have more under way: an answer that another green
    // thread is working at. recv() must then be called by the handler's own green thread, before it returns.
    Serving* idle_in_recv = nullptr;

    // For the handshake at the beginning.
    std::optional<WebSocketDeflate> deflate{};  // nothing: no compression
    std::vector<std::string> subprotocols{};    // tokens, the preferred one first
    // Server: decides whether a page from this origin may connect. Not called for a request without the field Origin,
    // which browsers always send. Empty: pages of the same host may, no others.
    std::function<bool(std::string_view origin)> allow_origin{};
    Headers headers{};  // client: further fields for the request
};

// What both sides have agreed on in the handshake.
struct WebSocketAgreement {
    std::string subprotocol{};                  // "": none
    std::optional<WebSocketDeflate> deflate{};  // nothing: no compression
};

class WebSocket {
public:
    // What recv() returns.
    struct Message {
        std::string data;     // UTF-8, unless it is binary
        bool binary = false;  // else text, valid UTF-8
    };

    WebSocket() = default;  // closed: calls throw std::system_error (EBADF), and close() returns true

    // Makes one over a connection whose handshake is done, for handshakes made elsewhere. `leftover`: bytes that were
    // read behind the handshake. Throws: std::invalid_argument for no stream, or a fragment_size of 0.
    WebSocket(std::unique_ptr<Stream> stream, WebSocketRole role, const WebSocketOptions& options = {},
              WebSocketAgreement agreement = {}, std::string leftover = {});
    WebSocket(WebSocket&&) noexcept = default;
    WebSocket& operator=(WebSocket&& other) noexcept;
    ~WebSocket() { abort(); }

    // Waits for a message. The deadline holds even if the peer keeps sending pings or pieces of a message; a call whose
    // deadline has already passed still takes what has arrived.
    // Returns: nothing once the WebSocket is closed: by the peer, whose Close was answered, or by close().
    // Yields. Throws: TimeoutError, Interrupt: what has arrived is kept, and the next call goes on (but an Interrupt
    // while it answers a Close ends the WebSocket); ConcurrentUse. The following close the connection, and later calls
    // throw the same: WebSocketError: the peer broke the protocol and was sent the code; or it went without a Close
    // frame, or did not answer a ping (code abnormal). std::system_error: the stream failed; EBADF after abort().
    std::optional<Message> recv(Deadline deadline = never);

    // Sends one message, as text or binary. Returns once all of it was given to the system.
    // A call that ends early, after some bytes were sent, ends this direction: later calls throw EPIPE, and the peer
    // never gets the whole message. If TimeoutError's done() is 0, nothing was sent, and later calls work. An Interrupt
    // while the call waits for the peer to read counts as "some bytes were sent"; while it waits for its turn, none
    // were.
    // Yields. Throws: TimeoutError; Interrupt; std::invalid_argument for a text that is not UTF-8; std::system_error:
    // EPIPE: it is closed, or closing; the stream failed; WebSocketError (code abnormal): the peer took nothing for
    // write_timeout, and the connection was closed.
    void send(std::string_view text, Deadline deadline = never);
    void send_binary(Bytes bytes, Deadline deadline = never);

    // Asks the peer for a pong, which recv() takes; does not wait for it. Yields. Throws: as send();
    // std::invalid_argument for more than 125 bytes.
    void ping(Bytes payload = {}, Deadline deadline = never);

    // Sends a Close frame, waits for the peer's, and closes the connection; all within options.close_timeout. Messages
    // that come meanwhile go to the green thread in recv(), if there is one, or are lost. Idempotent.
    // Returns: whether the peer has answered; if not, the connection was closed all the same.
    // Yields. Throws: std::invalid_argument for a code that must not be sent, and for a reason that is not UTF-8 or is
    // longer than 123 bytes; Interrupt: the connection is closed then. Never for what the peer or the stream does.
    bool close(int code = close_code::normal, std::string_view reason = {}, Deadline deadline = never);

    // Closes the connection without a Close frame. Waiting calls throw EBADF. Idempotent; the destructor does this.
    void abort() noexcept;

    bool is_open() const noexcept;  // false once the connection is closed, by either side

    // How it ended: the code and reason of the peer's Close frame, or the code of a WebSocketError. 0 and "" as long as
    // it is open.
    int close_code() const noexcept;
    std::string_view close_reason() const noexcept;

    std::string_view subprotocol() const noexcept;  // that was agreed on; "": none
    bool compressed() const noexcept;               // whether permessage-deflate was agreed on

private:
    struct State;
    std::shared_ptr<State> state_;  // shared with waiting calls: the object may be moved or destroyed meanwhile
};

// In a server's handler: answers the handshake, and makes the connection a WebSocket.
//
//     if (auto socket = http::websocket_accept(request, response)) chat(*socket);
//
// Returns: nothing if the request was refused, and answered with 400, 403 (for its origin), 405 or 426.
// Yields. Throws: std::invalid_argument for options out of bounds; as Response::upgrade().
std::optional<WebSocket> websocket_accept(Request& request, Response& response, const WebSocketOptions& options = {});

// As a client: connects to ws://, wss:// (or http, https), and makes the handshake; the deadline is for both. A
// Client's options hold: TLS, proxy, cookies, time limits; but the connection no longer counts as one of the Client's.
// Redirects are not followed.
// Yields. Throws: WebSocketRefused: the answer is not 101; ProtocolError: it does not answer this handshake;
// std::invalid_argument for options out of bounds; as Client::request().
WebSocket websocket_connect(const Url& url, const WebSocketOptions& options = {}, Deadline deadline = never);
WebSocket websocket_connect(Client& client, const Url& url, const WebSocketOptions& options = {},
                            Deadline deadline = never);

}  // namespace tendril::http
