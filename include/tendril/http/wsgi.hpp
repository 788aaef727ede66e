// SPDX-License-Identifier: MIT
// Floor: http
//
// WSGI applications (PEP 3333) for the HTTP server, for porting programs from eventlet.wsgi or gevent.pywsgi:
//
//     wsgi::server(listen("127.0.0.1:8080"), [](const wsgi::Environ& environ, wsgi::StartResponse& start_response) {
//         start_response("200 OK", {{"Content-Type", "text/plain"}});
//         return "Hello, " + std::string(environ["REMOTE_ADDR"]) + "!\n";
//     });
//
// Everything in server.hpp holds here too: options, limits and logs; TLS; several hubs. The rules of PEP 3333 are
// checked: a call that breaks one throws a std::logic_error or std::invalid_argument that says how, and if the
// application does not catch it, the client gets 500. A response of one piece has a Content-Length, whatever its size.
//
// All arguments belong to one request, and are valid until the chunks that the application returned are closed. So a
// generator may hold references to the Environ and to the server's StartResponse, but must copy what middleware made in
// a function that has returned.
//
// Example: examples/wsgi.cpp

#pragma once

#include <cstddef>
#include <exception>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tendril/buffered.hpp>
#include <tendril/http/server.hpp>
#include <tendril/http/wsgi_chunks.hpp>

namespace tendril::http::wsgi {

namespace detail {
class Gateway;
}

// environ["wsgi.input"]: the request's body; its end is the end of the body, chunked or not. Reading yields, sends "100
// Continue" to a client that waits for it, and throws as in body.hpp. A call that is ended early, by its deadline or by
// a kill, has lost nothing: the next one reads the same bytes again.
class Input final : public Source {
public:
    explicit Input(Body& body);  // for the library: reads this body

    // Returns: at most this many bytes; fewer only at the end. Memory grows with the bytes that have arrived.
    std::string read(std::size_t most, Deadline deadline = never);
    // Returns: the rest of the body. Throws: ProtocolError (413) for more than 16 MiB, as do the next ones.
    std::string read(Deadline deadline = never);

    // Returns: the next line, with the "\n" that ends it, or its first `most` bytes; "" at the end. readlines(): all
    // lines that are left.
    std::string readline(Deadline deadline = never);
    std::string readline(std::size_t most, Deadline deadline = never);
    std::vector<std::string> readlines(Deadline deadline = never);

    // Source: see Body.
    std::size_t recv(Buffer buffer, Deadline deadline = never) override { return in_.recv(buffer, deadline); }
    [[noreturn]] void time_out(const TimeoutError& error) override { in_.time_out(error); }
    void close() noexcept override { in_.close(); }
    bool is_open() const noexcept override { return in_.is_open(); }

private:
    std::string take(std::size_t n);

    BufferedReader in_;
};

// The request. Its variables are text:
//
//     REQUEST_METHOD SCRIPT_NAME PATH_INFO (decoded) RAW_PATH_INFO (as it was sent) QUERY_STRING CONTENT_TYPE
//     CONTENT_LENGTH (these two only if they were sent) SERVER_NAME SERVER_PORT (the address that the client connected
//     to) SERVER_PROTOCOL SERVER_SOFTWARE GATEWAY_INTERFACE REMOTE_ADDR REMOTE_PORT (the peer) wsgi.url_scheme (http,
//     https)
//     HTTP_...     the header fields: those of one name are joined by ", ", Cookie by "; ". A field with a "_" in its
//                  name is left out, as it could pass for another one with a "-", and so is "Proxy", which would be
//                  HTTP_PROXY (httpoxy). headers_raw() has all fields.
//
// and those of ServerOptions::environment, which may set SCRIPT_NAME, SERVER_... and wsgi.url_scheme, but not what
// comes from the client. Views are valid until their variable is changed. Nothing here yields but the input().
class Environ {
public:
    std::string_view operator[](std::string_view name) const noexcept;  // "" for none
    // Whether it has the variable.
    bool contains(std::string_view name) const noexcept { return variables_.find(name) != variables_.end(); }
    // Sets a variable, or replaces it.
    void set(std::string name, std::string value) { variables_.insert_or_assign(std::move(name), std::move(value)); }
    std::size_t remove(std::string_view name);  // returns: 1, or 0 if there was none
    auto begin() const noexcept { return variables_.begin(); }
    auto end() const noexcept { return variables_.end(); }

    Input& input() const noexcept { return *input_; }  // wsgi.input
    // wsgi.errors: writes a line to ServerOptions::errors.write, or to stderr if there is none.
    void errors(std::string_view line) const;
    // All header fields, as they came.
    const Headers& headers_raw() const noexcept { return request_->headers(); }

    static constexpr std::pair<int, int> version{1, 0};  // wsgi.version
    static constexpr bool multithread = true;            // the application is called while its other calls wait
    static constexpr bool multiprocess = false;          // wsgi.multiprocess
    static constexpr bool run_once = false;              // wsgi.run_once
    static constexpr bool input_terminated = true;       // wsgi.input_terminated: its end can be read

    // eventlet.minimum_write_chunk_size: smaller pieces are collected up to this many bytes; 0: each is sent at once,
    // as PEP 3333 demands. At first: ServerOptions::write_coalesce.
    std::size_t minimum_write_chunk_size;

    // eventlet.posthooks: see Response::on_complete().
    void on_complete(std::function<void(bool sent)> hook) const { response_->on_complete(std::move(hook)); }

    // eventlet.set_idle: while a Serving::Idle of it lives, a stop of the server ends the connection at once.
    Serving& serving() const noexcept { return request_->serving(); }

    // The request and response beneath. An application may answer there itself, for example to upgrade to a WebSocket:
    // then it does not call start_response, and what it returns is not sent.
    Request& request() const noexcept { return *request_; }
    Response& response() const noexcept { return *response_; }

private:
    friend class detail::Gateway;
    Environ(Request& request, Response& response, Input& input);
    void add_request();
    void add_addresses();
    void add_headers();

    std::map<std::string, std::string, std::less<>> variables_;
    Request* request_;
    Response* response_;
    Input* input_;
};

// Sends a piece before those that the application returns. Valid until the application's chunks are at their end.
// Yields and throws as Response::write().
using Write = std::function<void(std::string_view piece)>;

// start_response(status, headers, error). Middleware can make one of its own from a function.
class StartResponse {
public:
    // What stands behind it.
    using Function =
        std::function<Write(std::string_view status, const Headers& headers, const std::exception_ptr& error)>;
    explicit StartResponse(Function function) : function_(std::move(function)) {}  // one of the middleware's own

    // Sets status and headers. To be called before the first piece that is not empty, with which they are sent; does
    // not yield. status: 200 to 599 and a reason, for people only: "404 Not Found". error (exc_info): what went wrong;
    // the call then replaces what an earlier one has set, or throws the error if a piece has already been written.
    // Throws: std::logic_error: a second call without an error; std::invalid_argument: a malformed status, or a header
    // that only the server may set: Connection, Keep-Alive, Proxy-Authenticate, Proxy-Authorization, TE, Trailer,
    // Trailers, Transfer-Encoding, Upgrade.
    Write operator()(std::string_view status, const Headers& headers = {}, const std::exception_ptr& error = {}) const {
        return function_(status, headers, error);
    }

private:
    Function function_;
};

// An application. It may also take const Environ& and const StartResponse&. It may wait in any call. An exception that
// leaves it is treated as one that leaves a handler: see server.hpp.
using Application = std::function<Chunks(Environ& environ, StartResponse& start_response)>;

// Returns: a handler that calls the application, for http::Server or a Router. Throws: std::invalid_argument for an
// empty one.
Handler handler(Application application);

// Serves as http::serve() does: eventlet's wsgi.server(). gevent's WSGIServer is http::Server(at,
// wsgi::handler(application)).
template <class L>
void server(L&& listener, Application application, const ServerOptions& options = {}) {
    serve(std::forward<L>(listener), handler(std::move(application)), options);
}

}  // namespace tendril::http::wsgi
