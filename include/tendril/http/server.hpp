// SPDX-License-Identifier: MIT
// Floor: http
//
// The HTTP/1.1 server: a green thread for each connection, which calls the handler for each request.
//
//     http::serve(listen("127.0.0.1:8080"), [](http::Request& request, http::Response& response) {
//         response.send("Hello, World!", "text/plain");
//     });
//
// Over TLS (tls.hpp) the listener is wrap_ssl(listen(":443"), tls). The handler may wait in everything; with several
// hubs it is called in several OS threads. What it throws, of whatever type, is reported (error_log.hpp), and answered
// with 500 if nothing was sent yet; the connection ends then. But a StatusError is the answer that it says, and not
// reported. So are ProtocolErrors with a status of 4xx: what the client sent is bad (its body, a form, a path). A
// server that the handler asks as a client breaks the protocol with 502, and that is an error like any other; so is a
// Timeout or a TimeoutError of its own.
//
// What clients may do to it is bounded: see the limits and the time limits. A request that breaks the protocol is
// answered with its status, logged in one line without its content, and the connection ends.
//
// Examples: examples/http_hello.cpp, examples/http_server.cpp, examples/session.cpp

#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tendril/duration.hpp>
#include <tendril/error_log.hpp>
#include <tendril/http/access_log.hpp>
#include <tendril/http/compression.hpp>
#include <tendril/http/request.hpp>
#include <tendril/http/response.hpp>
#include <tendril/network.hpp>
#include <tendril/server.hpp>
#include <tendril/site.hpp>
#include <tendril/socket.hpp>

namespace tendril {
class StreamServer;
class TlsListener;
}  // namespace tendril

namespace tendril::http {

using Handler = std::function<void(Request&, Response&)>;

struct ServerOptions {
    // How connections are accepted, how many, in how many hubs, and how that ends: see server.hpp. At the limit a new
    // client takes the place of the connection that has been idle for longest. A handler's error is answered, so
    // on_error cannot be `end`; for error_log see `errors`.
    StreamServerOptions connections = {};

    // Whose X-Forwarded-For is believed: see Request::client(). None: nobody's.
    std::vector<Network> trusted_proxies = {};

    // How long a client may take: for the head of a request, from its first byte on (and of the first request, from
    // the connection on); for the next piece of a body, while the handler waits for it; to take the next piece of a
    // response; for the next request. `forever`: no limit.
    Duration header_timeout = std::chrono::seconds(20);
    Duration body_timeout = std::chrono::seconds(60);
    Duration write_timeout = std::chrono::seconds(60);
    Duration idle_timeout = std::chrono::seconds(60);
    // For the whole of a body, from the end of the head on: 408. For a whole call of the handler, unless it upgrades:
    // 503, if nothing was sent yet, else the connection ends. Both are off, as uploads and streams may take their time.
    Duration body_deadline = forever;
    Duration handler_timeout = forever;
    // How long a connection that the server ends is listened to, so that its last response arrives: close_gently().
    Duration linger_timeout = std::chrono::seconds(2);

    std::size_t max_request_line = 8192;                    // else 414
    std::size_t max_header_bytes = std::size_t{64} * 1024;  // else 431
    std::size_t max_header_count = 200;                     // else 431
    std::uint64_t max_body = std::uint64_t{16} << 20;       // else 413, when it is read; Request::limit_body()

    bool keep_alive = true;                       // several requests on one connection
    bool say_keep_alive = false;                  // answer with Keep-Alive: timeout=..., the idle_timeout
    Version max_version = Version::http_1_1;      // http_1_0: neither chunks nor keep-alive unless asked for
    std::size_t write_coalesce = 4096;            // smaller pieces of a body are collected up to this
    std::optional<Compression> compression = {};  // gzip for clients who accept it; send_file() goes as it is
    bool capitalize_headers = false;              // "content-type" is sent as "Content-Type"
    bool expose_errors = false;                   // what() of a handler's error is the body of its 500
    std::string server_name = {};                 // the header Server; none when empty
    std::map<std::string, std::string, std::less<>> environment = {};  // what Request::environment() finds

    AccessLog access_log = {};  // nothing is logged unless asked for
    // Of the ErrorLog, which gets handlers' errors, with method, target and client; bad input, without its content;
    // failed handshakes. Not beside connections.error_log, which has options of its own.
    ErrorLogOptions errors = {};
};

// Counted since the start, in all hubs. Approximate while it runs.
struct ServerStats {
    std::uint64_t connections = 0;  // accepted
    std::uint64_t open = 0;         // that are there now
    std::uint64_t requests = 0;     // whose head was good
    std::uint64_t bad_requests = 0;
    std::uint64_t errors = 0;    // of handlers
    std::uint64_t timeouts = 0;  // clients that were too slow
    std::uint64_t failed_handshakes = 0;
    std::uint64_t gone = 0;  // clients that left amid a request or a response
};

// What handlers and others may see of a server. Any OS thread.
class ServerView {
public:
    virtual ServerStats stats() const noexcept = 0;
    virtual const ServerOptions& options() const noexcept = 0;

protected:
    ~ServerView() = default;
};

namespace detail {
class ServerState;
}

// Serves until the handler throws StopServe, a stop is requested or the listener is closed; then lets requests that are
// under way come to their ends (options.connections.drain), closes idle connections at once, and returns. Over TLS
// (tls.hpp) the listener says that HTTP/1.1 is spoken, to clients who ask (ALPN).
// Throws: as tendril::serve().
void serve(Listener& listener, Handler handler, const ServerOptions& options = {}, Site at = Site::here());
void serve(Listener&& listener, Handler handler, const ServerOptions& options = {}, Site at = Site::here());
void serve(TlsListener& listener, Handler handler, const ServerOptions& options = {}, Site at = Site::here());
void serve(TlsListener&& listener, Handler handler, const ServerOptions& options = {}, Site at = Site::here());

// The same as an object that is started and stopped: see stream_server.hpp, whose calls these are.
class Server : public ServerView {
public:
    Server(Listener listener, Handler handler, const ServerOptions& options = {}, Site at = Site::here());
    Server(TlsListener listener, Handler handler, const ServerOptions& options = {}, Site at = Site::here());
    Server(std::string_view address, Handler handler, const ServerOptions& options = {}, Site at = Site::here());
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;
    ~Server();

    void start();
    std::size_t stop(Duration drain = std::chrono::seconds(1));
    void serve_forever();
    void stop_accepting();
    void start_accepting();
    Address address() const;
    bool is_running() const noexcept;

    ServerStats stats() const noexcept override;
    const ServerOptions& options() const noexcept override;

private:
    std::shared_ptr<detail::ServerState> state_;
    std::shared_ptr<StreamServer> server_;  // nobody else's
};

}  // namespace tendril::http
