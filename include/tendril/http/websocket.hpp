// SPDX-License-Identifier: MIT
// Floor: http
//
// WebSocket: whole messages both ways over one connection, RFC 6455, compressed if both want it, RFC 7692.
//
//     while (auto message = socket.recv()) {
//         socket.send(message->data);
//     }
//
// One green thread may receive while any number of others send; a second receiver gets ConcurrentUse. Messages go in
// the order in which they were given, each whole, and only pings, pongs and a Close may go between its fragments.
// recv() answers pings and the peer's Close: as long as nobody is in it, nobody does. Belongs to the OS thread that
// made it, as a socket does. Example: examples/http_websocket.cpp

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
#include <tendril/stream.hpp>

namespace tendril::http {

class Client;
class Request;
class Response;

enum class WebSocketRole : std::uint8_t { server, client };

// permessage-deflate: what one side offers or accepts, and what both have agreed on. An open WebSocket keeps up to 300
// KiB for it from the first compressed message on.
struct WebSocketDeflate {
    int level = 6;               // of what is sent: 0 to 9
    std::size_t threshold = 64;  // shorter messages go as they are
    // Each message of that side is compressed for itself: worse, but one message cannot be guessed from another's size.
    bool server_no_context_takeover = false;
    bool client_no_context_takeover = false;
    int server_max_window_bits = 15;  // 8 to 15: how far back that side refers
    int client_max_window_bits = 15;
};

struct WebSocketOptions {
    std::size_t max_message = std::size_t{1} << 20;     // to receive: inflated, of all fragments together
    std::size_t fragment_size = std::size_t{64} << 10;  // longer messages are sent in several frames

    // A peer that is gone without a word, or reads nothing, must not hold its connection for ever. recv() pings a peer
    // that was silent for ping_interval (0: never), which then has ping_timeout to send anything: 30 s of silence are
    // allowed twice. A send of which the peer takes nothing for write_timeout (0: no limit) ends the WebSocket.
    Duration ping_interval = std::chrono::seconds(30);
    Duration ping_timeout = std::chrono::seconds(30);
    Duration write_timeout = std::chrono::seconds(30);
    Duration close_timeout = std::chrono::seconds(5);  // for the handshake at the end

    // For the handshake at the beginning.
    std::optional<WebSocketDeflate> deflate{};  // nothing: not compressed
    std::vector<std::string> subprotocols{};    // the one preferred first
    // Server: may a page from there connect? Not asked without the field Origin, which browsers always send. Empty: a
    // page of this very host may, no other.
    std::function<bool(std::string_view origin)> allow_origin{};
    Headers headers{};  // client: more fields for the request
};

// What the handshake has led to.
struct WebSocketAgreement {
    std::string subprotocol{};  // "": none
    std::optional<WebSocketDeflate> deflate{};
};

class WebSocket {
public:
    struct Message {
        std::string data;  // UTF-8, unless it is binary
        bool binary = false;
    };

    WebSocket() = default;  // closed

    // Over a connection whose handshake is done. `leftover`: what was read behind the handshake.
    // Throws: std::invalid_argument for no stream, or options out of bounds.
    WebSocket(std::unique_ptr<Stream> stream, WebSocketRole role, const WebSocketOptions& options = {},
              WebSocketAgreement agreement = {}, std::string leftover = {});
    WebSocket(WebSocket&&) noexcept = default;
    WebSocket& operator=(WebSocket&& other) noexcept;
    ~WebSocket() { abort(); }

    // Waits for a message. The deadline holds although the peer keeps sending pings or pieces of a message; a deadline
    // that has already passed still takes what is at hand.
    // Returns: nothing once it is closed: by the peer, which was answered, or by close().
    // Throws: TimeoutError, Interrupt: what has come is kept, and the next call goes on; ConcurrentUse. And, from then
    // on always, the connection being closed: WebSocketError: the peer broke the protocol and was told the code; or it
    // went without a Close frame, or did not answer a ping (code abnormal). std::system_error: of the stream; EBADF
    // after abort().
    std::optional<Message> recv(Deadline deadline = never);

    // Sends one message. One that is broken off after some of it has gone ends this direction: later calls throw EPIPE,
    // and the peer never sees it whole. TimeoutError's done() tells: 0, nothing has gone, and all is well. An Interrupt
    // while it waits for the peer to read counts as "some has gone"; while it waits for its turn nothing has.
    // Throws: TimeoutError; Interrupt; std::invalid_argument for a text that is not UTF-8; std::system_error: EPIPE
    // when it is closed, or closing; of the stream; WebSocketError (code abnormal), the connection being closed: the
    // peer took nothing for write_timeout.
    void send(std::string_view text, Deadline deadline = never);
    void send_binary(Bytes bytes, Deadline deadline = never);

    // Asks the peer for a pong, which recv() takes. Throws: as send(); std::invalid_argument for more than 125 bytes.
    void ping(Bytes payload = {}, Deadline deadline = never);

    // Sends a Close frame, waits for the peer's, and closes the connection; within options.close_timeout at most.
    // Messages that come meanwhile go to whoever is in recv(), else they are lost. Idempotent.
    // Returns: whether the peer has answered; else the connection was just closed. Throws: std::invalid_argument for a
    // code that must not be sent, a reason that is not UTF-8 or longer than 123 bytes; Interrupt, it is closed then.
    bool close(int code = close_code::normal, std::string_view reason = {}, Deadline deadline = never);

    // Closes the connection without a word. Whoever waits on it gets EBADF. The destructor does this.
    void abort() noexcept;

    bool is_open() const noexcept;

    // How it ended: what the peer's Close frame said; or the code of a WebSocketError; 0 as long as it is open.
    int close_code() const noexcept;
    std::string_view close_reason() const noexcept;

    std::string_view subprotocol() const noexcept;
    bool compressed() const noexcept;  // permessage-deflate was agreed on

private:
    struct State;
    std::shared_ptr<State> state_;  // also of the calls that wait: the object may be moved or destroyed meanwhile
};

// In a server's handler: answers the handshake, and the connection is a WebSocket.
//
//     if (auto socket = http::websocket_accept(request, response)) chat(*socket);
//
// Returns: nothing when the request is refused, which it has been told: 400, 403 (its origin), 405 or 426.
// Throws: std::invalid_argument for options out of bounds; what sending a response throws.
std::optional<WebSocket> websocket_accept(Request& request, Response& response, const WebSocketOptions& options = {});

// A client: connects to ws://, wss:// (or http, https), and makes the handshake; the deadline is for both. With a
// Client it is done by its options: TLS, proxy, cookies, time limits; the connection is none of its number any more.
// Redirects are not followed.
// Throws: WebSocketRefused: the answer is not 101; ProtocolError: it is no answer to this; std::invalid_argument for
// options out of bounds; as Client::request().
WebSocket websocket_connect(const Url& url, const WebSocketOptions& options = {}, Deadline deadline = never);
WebSocket websocket_connect(Client& client, const Url& url, const WebSocketOptions& options = {},
                            Deadline deadline = never);

}  // namespace tendril::http
