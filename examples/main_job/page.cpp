// SPDX-License-Identifier: MIT

#include "page.hpp"

#include <algorithm>

namespace demo {

namespace {

constexpr std::string_view front_page =
    "<!doctype html>\n<title>tendril</title>\n<h1>tendril</h1>\n"
    "<p>One green thread per connection wrote this. <a href=\"/slow\">This page</a> sleeps first.</p>\n";
constexpr std::string_view slow_page =
    "<!doctype html>\n<title>tendril</title>\n<h1>Good morning</h1>\n"
    "<p>This green thread has slept; the others worked meanwhile. <a href=\"/\">Back</a></p>\n";

struct Request {
    std::string_view method, target, version;
};

// "GET /slow HTTP/1.1"; what is missing stays empty.
Request parse_line(std::string_view line) {
    const std::size_t first = std::min(line.find(' '), line.size());
    const std::size_t last = std::max(std::min(line.rfind(' '), line.size()), first);
    Request request{line.substr(0, first), {}, {}};
    if (first < last) {
        request.target = line.substr(first + 1, last - first - 1);
        request.version = line.substr(last + 1);
    }
    return request;
}

bool asks_to_close(std::string_view head) {
    std::string lower(head);
    std::ranges::transform(lower, lower.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; });
    const std::size_t field = lower.find("\r\nconnection:");
    return field != std::string::npos && lower.substr(field, lower.find("\r\n", field + 2) - field).ends_with("close");
}

std::string write(std::string_view status, std::string_view body, bool last, bool with_body) {
    std::string text = "HTTP/1.1 ";
    text.append(status).append("\r\nContent-Type: text/html\r\nContent-Length: ").append(std::to_string(body.size()));
    text.append(last ? "\r\nConnection: close" : "").append(end_of_head).append(with_body ? body : "");
    return text;
}

}  // namespace

Answer answer_to(std::string_view head) {
    const auto [method, target, version] = parse_line(head.substr(0, head.find("\r\n")));
    const bool http = version == "HTTP/1.1" || version == "HTTP/1.0";
    if (head.size() > longest_head || !http || !target.starts_with('/')) {
        return {write("400 Bad Request", "Bad request\n", true, true), {}, true};
    }
    const bool last = version == "HTTP/1.0" || asks_to_close(head);
    if (method != "GET" && method != "HEAD") {  // a body may follow, which nobody would read
        return {write("405 Method Not Allowed", "Only GET and HEAD\n", true, true), {}, true};
    }
    const bool with_body = method == "GET";
    if (target == "/") {
        return {write("200 OK", front_page, last, with_body), {}, last};
    }
    if (target == "/slow") {
        return {write("200 OK", slow_page, last, with_body), slow_page_delay, last};
    }
    return {write("404 Not Found", "No such page\n", last, with_body), {}, last};
}

}  // namespace demo
