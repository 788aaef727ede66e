// SPDX-License-Identifier: MIT
//
// An HTTP server that sends what a test wants, byte by byte: for tests of the client. In green threads of the test's
// own hub.
//
//     RawHttpServer server([](RawHttpConnection& c) {
//         c.request();
//         c.say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
//     });

#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <tendril/buffered.hpp>
#include <tendril/event.hpp>
#include <tendril/group.hpp>
#include <tendril/http/url.hpp>
#include <tendril/server.hpp>
#include <tendril/socket.hpp>
#include <tendril/tls.hpp>

#include "certificates.hpp"

namespace tendril::testing {

class RawHttpConnection {
public:
    RawHttpConnection(Stream& stream, std::size_t n) : number(n), stream_(stream), in_(stream, {.size = 4096}) {}

    // Returns the head of the next request, with its empty line; nothing if the client has closed.
    std::optional<std::string> request() {
        std::string head;
        while (const std::optional<std::string> line = in_.read_line()) {
            head += *line + "\n";
            if (*line == "" || *line == "\r") {
                return head;
            }
        }
        return std::nullopt;
    }
    std::string body(std::size_t n) {
        std::string text(n, '\0');
        text.resize(in_.recv_exactly(text));
        return text;
    }
    std::string line() { return in_.read_line().value_or("the end"); }
    bool at_end() {  // also true after a reset
        try {
            return in_.peek(1).empty();
        } catch (const std::system_error&) {
            return true;
        }
    }
    void say(const std::string& text) { stream_.send_all(text); }
    void answer(const std::string& body, const std::string& fields = "", const std::string& status = "200 OK") {
        say("HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + fields + "\r\n" +
            body);
    }
    // Answers every request in this way.
    void answer_all(const std::string& body, const std::string& fields = "") {
        while (request()) {
            answer(body, fields);
        }
    }
    Stream& stream() noexcept { return stream_; }

    const std::size_t number;  // of the connection, from 0

private:
    Stream& stream_;
    BufferedReader in_;
};

class RawHttpServer {
public:
    using Handler = std::function<void(RawHttpConnection&)>;

    explicit RawHttpServer(Handler handler, const std::string& at = "127.0.0.1:0", bool tls = false)
        : handler_(std::move(handler)), listener_(listen(at)), tls_(tls) {
        running_.spawn([this] { run(); });
    }
    ~RawHttpServer() { running_.kill(); }

    std::string url(const std::string& path = "/") const {
        const std::string port = std::to_string(listener_.address().port());
        return tls_ ? "https://localhost:" + port + path : "http://127.0.0.1:" + port + path;
    }
    std::size_t connections() const noexcept { return connections_; }

private:
    void run() {
        if (tls_) {
            const Identity& mine = server_identity();
            serve(wrap_ssl(listener_.duplicate(),
                           TlsOptions{.server_side = true, .certificate = mine.certificate, .key = mine.key}),
                  [this](TlsSocket& client) { handle(client); });
        } else {
            serve(listener_, [this](TcpSocket& client) { handle(client); });
        }
    }
    void handle(Stream& client) {
        RawHttpConnection connection(client, connections_++);
        try {
            handler_(connection);
        } catch (const std::system_error&) {  // the client has left
        }
    }

    Handler handler_;
    Listener listener_;
    bool tls_;
    std::size_t connections_ = 0;
    Group running_;
};

}  // namespace tendril::testing
