// SPDX-License-Identifier: MIT
// Floor: http
//
// WSGI applications (PEP 3333) for the HTTP server, for who ports programs from eventlet.wsgi or gevent.pywsgi:
//
//     wsgi::server(listen("127.0.0.1:8080"), [](const wsgi::Environ& environ, wsgi::StartResponse& start_response) {
//         start_response("200 OK", {{"Content-Type", "text/plain"}});
//         return "Hello, " + std::string(environ["REMOTE_ADDR"]) + "!\n";
//     });
//
// All of a server (server.hpp) holds: its options, limits and logs; TLS; several hubs. The rules of PEP 3333 do, too:
// an application that breaks one gets a std::logic_error or std::invalid_argument that says how, and its client 500. A
// response of one piece has a Content-Length, whatever its size.
//
// What all get belongs to one request: a generator that is called later may hold references to the Environ and to the
// server's StartResponse, but not to what middleware made in a function that has returned: it copies.
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

// environ["wsgi.input"]: the request's body; its end is the body's, chunked or not. Reading waits, and asks a client
// that expects it to go on: see body.hpp, also for what is thrown. What was read when a call was broken off (by its
// deadline, by a kill) is read again.
class Input final : public Source {
public:
    explicit Input(Body& body);

    // At most this many bytes; fewer only at the end. Memory: what has come.
    std::string read(std::size_t most, Deadline deadline = never);
    // All that is left. Throws: ProtocolError (413) for more than 16 MiB, as do the next ones.
    std::string read(Deadline deadline = never);

    // The next line, with the "\n" that ends it; "" at the end. Or as much of it as was asked for.
    std::string readline(Deadline deadline = never);
    std::string readline(std::size_t most, Deadline deadline = never);
    std::vector<std::string> readlines(Deadline deadline = never);

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
//     CONTENT_LENGTH (both: where they were sent) SERVER_NAME SERVER_PORT (where it connected to) SERVER_PROTOCOL
//     SERVER_SOFTWARE GATEWAY_INTERFACE REMOTE_ADDR REMOTE_PORT (the peer) wsgi.url_scheme (http, https)
//     HTTP_...     the header fields: those of one name are joined by ", ", Cookie by "; ". A field whose name has a
//                  "_" is left out: it would pass for another with a "-". headers_raw() has all.
//
// and those of ServerOptions::environment, which may set SCRIPT_NAME, SERVER_... and wsgi.url_scheme, but not what the
// client says. Views are good until that variable is changed.
class Environ {
public:
    std::string_view operator[](std::string_view name) const noexcept;  // "" for none
    bool contains(std::string_view name) const noexcept { return variables_.find(name) != variables_.end(); }
    void set(std::string name, std::string value) { variables_.insert_or_assign(std::move(name), std::move(value)); }
    std::size_t remove(std::string_view name);  // returns how many there were
    auto begin() const noexcept { return variables_.begin(); }
    auto end() const noexcept { return variables_.end(); }

    Input& input() const noexcept { return *input_; }  // wsgi.input
    void errors(std::string_view line) const;          // wsgi.errors: to ServerOptions::errors.write
    const Headers& headers_raw() const noexcept { return request_->headers(); }

    static constexpr std::pair<int, int> version{1, 0};  // wsgi.version
    static constexpr bool multithread = true;            // the application is called while others of its calls wait
    static constexpr bool multiprocess = false;
    static constexpr bool run_once = false;
    static constexpr bool input_terminated = true;

    // eventlet.minimum_write_chunk_size: smaller pieces are collected up to this; 0: each is sent at once, as PEP 3333
    // has it. At first: ServerOptions::write_coalesce.
    std::size_t minimum_write_chunk_size;

    // eventlet.posthooks: see Response::on_complete().
    void on_complete(std::function<void(bool sent)> hook) const { response_->on_complete(std::move(hook)); }

    // What lies beneath. An application that answers there itself, as one that upgrades to a WebSocket, does not call
    // start_response, and what it returns is not sent.
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

// Sends a piece before those that the application returns. Good until the application's chunks are at their end.
using Write = std::function<void(std::string_view piece)>;

// start_response(status, headers, error). Middleware makes one of its own from a function.
class StartResponse {
public:
    using Function =
        std::function<Write(std::string_view status, const Headers& headers, const std::exception_ptr& error)>;
    explicit StartResponse(Function function) : function_(std::move(function)) {}

    // To be called before the first piece that is not empty. The headers go out with that one.
    // status: "404 Not Found": 200 to 599, and a reason, for eyes only. error (exc_info): what went wrong, to answer
    // it in place of what was said before; once something went out, it is thrown.
    // Throws: std::logic_error: a second call without an error; std::invalid_argument: a malformed status, or a header
    // that is the server's matter: Connection, Keep-Alive, Proxy-Authenticate, Proxy-Authorization, TE, Trailer,
    // Transfer-Encoding, Upgrade.
    Write operator()(std::string_view status, const Headers& headers = {}, const std::exception_ptr& error = {}) const {
        return function_(status, headers, error);
    }

private:
    Function function_;
};

// It may take the first as const Environ&, and the second as const StartResponse&, too.
using Application = std::function<Chunks(Environ& environ, StartResponse& start_response)>;

// A handler that calls it: for http::Server, or as a Router's. Throws: std::invalid_argument for an empty one.
Handler handler(Application application);

// As http::serve(): eventlet's wsgi.server(). WSGIServer is http::Server(at, wsgi::handler(application)).
template <class L>
void server(L&& listener, Application application, const ServerOptions& options = {}) {
    serve(std::forward<L>(listener), handler(std::move(application)), options);
}

}  // namespace tendril::http::wsgi
