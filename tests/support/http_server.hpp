// SPDX-License-Identifier: MIT
//
// Served: an HTTP server in this hub, on a port of its own, stopped at the end of the scope.

#pragma once

#include <string>
#include <utility>
#include <vector>

#include <tendril/http/server.hpp>

#include "raw_http.hpp"

namespace tendril::testing {

class Served {
public:
    explicit Served(http::Handler handler, http::ServerOptions options = {})
        : server("127.0.0.1:0", std::move(handler), with_log(std::move(options))) {
        server.start();
    }

    RawHttp client() const { return RawHttp(server.address()); }

    // Sends `text` on a new connection. Returns: the answer.
    RawAnswer ask(std::string_view text) const { return client().ask(text); }
    // Sends `text` on a new connection. Returns: all that comes back until the connection ends.
    std::string all(std::string_view text) const {
        RawHttp one = client();
        one.send(text);
        return one.rest();
    }

    std::vector<std::string> bad_input;  // the lines of the error log

    http::Server server;

private:
    http::ServerOptions with_log(http::ServerOptions options) {
        options.errors.lines_per_second = 1'000'000;
        options.errors.write = [this](std::string_view line) { bad_input.emplace_back(line); };
        return options;
    }
};

// Makes a request from "GET /path" and header lines, each with its CRLF.
inline std::string request(std::string_view method_and_target, std::string_view headers = {}) {
    return std::string(method_and_target) + " HTTP/1.1\r\nHost: localhost\r\n" + std::string(headers) + "\r\n";
}

inline std::string get(std::string_view target, std::string_view headers = {}) {
    return request("GET " + std::string(target), headers);
}

inline std::string post(std::string_view target, std::string_view body, std::string_view headers = {}) {
    return "POST " + std::string(target) +
           " HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
           std::string(headers) + "\r\n" + std::string(body);
}

}  // namespace tendril::testing
