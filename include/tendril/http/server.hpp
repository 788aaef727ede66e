// SPDX-License-Identifier: MIT
// Floor: http
//
// The HTTP/1.1 server: each connection has a green thread, which calls the handler for each request.
//
//     http::serve(listen("127.0.0.1:8080"), [](http::Request& request, http::Response& response) {
//         response.send("Hello, World!", "text/plain");
//     });
//
// For TLS (tls.hpp) the listener is wrap_ssl(listen(":443"), tls). The handler may wait in any call; with several hubs
// it is called in several OS threads at once. An exception of any type that leaves the handler is reported
// (error_log.hpp) and answered with 500 if nothing was sent yet; then the connection ends. With these exceptions:
//
//   - a StatusError is answered as it says, is not reported, and the connection goes on;
//   - a ProtocolError with a status of 4xx means that the client sent bad input (a body, a form, a path): it is
//     answered with that status, logged as bad input, and the connection ends. If a server that the handler asks as a
//     client breaks the protocol, the status is 502, and that is an error like any other; so is a Timeout or a
//     TimeoutError of the handler's own;
//   - what reading the client's body or sending to the client threw is the client's doing, not the handler's error;
//   - StopServe ends the serving, after this response; a kill of the connection's green thread ends the connection.
//
// The limits and time limits below bound what clients can do to the server. A request that breaks the protocol is
// answered with its status and logged in one line without its content, and the connection ends.
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
#include <tendril/http/trace.hpp>
#include <tendril/network.hpp>
#include <tendril/server.hpp>
#include <tendril/site.hpp>
#include <tendril/socket.hpp>

namespace tendril {
class StreamServer;
class TlsListener;
}  // namespace tendril

namespace tendril::http {

// Answers a request. Both references are valid until it returns; what it leaves undone of the response is done then.
using Handler = std::function<void(Request&, Response&)>;

// Options of serve() and of a Server.
struct ServerOptions {
    // How connections are accepted, how many, in how many hubs, and how that ends: see tendril/server.hpp. At the limit
    // a new client takes the place of the connection that has been idle for longest. A handler's error is answered, so
    // on_error cannot be `end`; for error_log see `errors`.
    StreamServerOptions connections = {};

    // The proxies whose X-Forwarded-For is believed: see Request::client(). Empty: none is.
    std::vector<Network> trusted_proxies = {};

    // Time limits; `forever`: none; 0 is refused.
    // For the head of a request, from its first byte on; before the first request, for that byte, from the connection
    // on. Then 408, if the client has sent any of it.
    Duration header_timeout = std::chrono::seconds(20);
    // For each piece of a body, while the handler waits for it. Then 408.
    Duration body_timeout = std::chrono::seconds(60);
    // For the client to take each 256 KiB of a response, or less. Then the connection ends.
    Duration write_timeout = std::chrono::seconds(60);
    // For the next request on a connection. Then it is closed.
    Duration idle_timeout = std::chrono::seconds(60);
    // Not a limit: after so long without a request, a connection's stack is packed away in some hundred bytes, where
    // the kernel can guard single pages (6.13) and no other handler of SIGSEGV is installed than tendril's. The next
    // request is some microseconds later. For servers with very many idle connections; `forever`: never.
    Duration idle_hibernate = forever;
    // For the whole of a body, from the end of the head on. Then 408. Off, as uploads may take their time.
    Duration body_deadline = forever;
    // For a whole call of the handler, unless it upgrades. Then 503 if nothing was sent yet, else the connection ends.
    // Off, as streams may take their time.
    Duration handler_timeout = forever;
    // How long the server still reads from a connection that it ends, so that its last response arrives: see
    // close_gently().
    Duration linger_timeout = std::chrono::seconds(2);

    // Limits; a request beyond one is answered with the status at the right.
    std::size_t max_request_line = 8192;                    // bytes: 414
    std::size_t max_header_bytes = std::size_t{64} * 1024;  // of all header lines: 431
    std::size_t max_header_count = 200;                     // 431
    std::uint64_t max_body = std::uint64_t{16} << 20;       // bytes, when it is read: 413; see Request::limit_body()

    bool keep_alive = true;                       // allow several requests on one connection
    bool say_keep_alive = false;                  // send Keep-Alive: timeout=..., the idle_timeout in seconds
    Version max_version = Version::http_1_1;      // http_1_0: no chunks, and no keep-alive unless the client asks
    std::size_t write_coalesce = 4096;            // collect smaller pieces of a body up to this many bytes
    std::optional<Compression> compression = {};  // gzip for clients that accept it; send_file() never compresses
    bool capitalize_headers = false;              // send "content-type" as "Content-Type"
    bool expose_errors = false;                   // send what() of a handler's error as the body of its 500
    std::string server_name = {};                 // the header Server; empty: none
    std::map<std::string, std::string, std::less<>> environment = {};  // what Request::environment() returns

    bool trace = false;  // take the client's trace, or begin one, for the handler and the access log: see trace.hpp
    TraceSampler trace_sampler = {};  // which traces that begin here are sampled: a rate, or a function; default: none

    AccessLog access_log = {};  // by default nothing is logged
    // Options of the ErrorLog, which gets handlers' errors, with method, target and client; bad input, without its
    // content; failed handshakes. Not together with connections.error_log, which has options of its own.
    ErrorLogOptions errors = {};
};

// Counts since the start, summed over all hubs. Approximate while the server runs.
struct ServerStats {
    std::uint64_t connections = 0;        // accepted, once their handshake has succeeded
    std::uint64_t open = 0;               // open now
    std::uint64_t requests = 0;           // with a valid head
    std::uint64_t bad_requests = 0;       // refused for what the client sent: head, body, form or path
    std::uint64_t errors = 0;             // of handlers
    std::uint64_t timeouts = 0;           // clients that were too slow with the head of a request
    std::uint64_t failed_handshakes = 0;  // of TLS, or without the PROXY header that is required
    std::uint64_t gone = 0;               // clients that left during a request or a response
};

// What handlers and others may read of a server. Any OS thread.
class ServerView {
public:
    virtual ServerStats stats() const noexcept = 0;             // returns its counts
    virtual const ServerOptions& options() const noexcept = 0;  // returns the options that it serves with

protected:
    ~ServerView() = default;
};

namespace detail {
class ServerState;
}

// Serves until the handler throws StopServe, a stop is requested or the listener is closed. Then closes idle
// connections at once, lets requests that are under way end (within options.connections.drain), and returns. A
// TlsListener offers HTTP/1.1 and HTTP/1.0 by ALPN. An rvalue listener is closed at the end.
// Yields. Throws: as tendril::serve(): Interrupt: the connections are killed and waited for first; std::system_error:
// the listener is broken; std::invalid_argument: an empty handler, or options that contradict each other.
void serve(Listener& listener, Handler handler, const ServerOptions& options = {}, Site at = Site::here());
void serve(Listener&& listener, Handler handler, const ServerOptions& options = {}, Site at = Site::here());
void serve(TlsListener& listener, Handler handler, const ServerOptions& options = {}, Site at = Site::here());
void serve(TlsListener&& listener, Handler handler, const ServerOptions& options = {}, Site at = Site::here());

// The same as an object that is started and stopped. Its functions do what those of StreamServer do, and yield and
// throw as they do: see stream_server.hpp. It belongs to the OS thread that made it, but for stats() and options().
class Server : public ServerView {
public:
    // Takes a listener, or listens at the address. Does not accept yet.
    // Throws: std::invalid_argument: an empty handler, or options that contradict each other; as listen().
    Server(Listener listener, Handler handler, const ServerOptions& options = {}, Site at = Site::here());
    Server(TlsListener listener, Handler handler, const ServerOptions& options = {}, Site at = Site::here());
    Server(std::string_view address, Handler handler, const ServerOptions& options = {}, Site at = Site::here());
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;
    ~Server();  // stops without a drain: kills the connections and waits for them, in a Shield

    // Begins to accept, in a green thread of its own.
    void start();
    // Closes the listener and idle connections, lets requests go on for `drain`, then kills the connections that are
    // left. Idempotent. Returns: how many were killed.
    std::size_t stop(Duration drain = std::chrono::seconds(1));
    // Starts, and waits until the server has been stopped.
    void serve_forever();
    // Lets new connections wait in the backlog, until start_accepting().
    void stop_accepting();
    void start_accepting();
    Address address() const;           // with the port that the system chose
    bool is_running() const noexcept;  // started, and not stopped

    ServerStats stats() const noexcept override;             // returns its counts
    const ServerOptions& options() const noexcept override;  // returns the options that it serves with

private:
    std::shared_ptr<detail::ServerState> state_;
    std::shared_ptr<StreamServer> server_;  // not shared
};

}  // namespace tendril::http
