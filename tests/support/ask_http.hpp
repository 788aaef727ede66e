// SPDX-License-Identifier: MIT
//
// For tests of handlers: a server that runs while the test does, and raw requests to it.

#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <tendril/http/server.hpp>
#include <tendril/socket.hpp>

namespace tendril::testing {

class HttpServer {
public:
    explicit HttpServer(http::Handler handler) : server_("127.0.0.1:0", std::move(handler)) { server_.start(); }
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;
    ~HttpServer() { server_.stop(); }

    // What comes for this, up to the connection's end.
    std::string send(std::string_view text) const {
        TcpSocket socket = connect(server_.address());
        socket.send_all(text);
        std::string answer;
        char buffer[4096];
        while (const std::size_t n = socket.recv(buffer)) {
            answer.append(buffer, n);
        }
        return answer;
    }

    // The whole answer to "GET /path", with these header lines, each with its CRLF.
    std::string ask(std::string_view method_and_path, std::string_view lines = {}) const {
        return send(std::string(method_and_path) + " HTTP/1.1\r\nHost: test\r\nConnection: close\r\n" +
                    std::string(lines) + "\r\n");
    }

private:
    http::Server server_;
};

inline std::string body_of(const std::string& answer) {
    const std::size_t end = answer.find("\r\n\r\n");
    return end == std::string::npos ? std::string() : answer.substr(end + 4);
}

inline int status_of(const std::string& answer) {
    return answer.size() < 12 ? 0 : std::stoi(answer.substr(9, 3));
}

// The value of the first header of that name, spelt like this; "" for none.
inline std::string header_of(const std::string& answer, const std::string& name) {
    const std::string head = answer.substr(0, answer.find("\r\n\r\n") + 2);
    const std::size_t at = head.find("\r\n" + name + ": ");
    if (at == std::string::npos) {
        return {};
    }
    const std::size_t begin = at + name.size() + 4;
    return head.substr(begin, head.find("\r\n", begin) - begin);
}

}  // namespace tendril::testing
