// SPDX-License-Identifier: MIT

#include "fetch.hpp"

#include <charconv>
#include <stdexcept>
#include <string>

#include "page.hpp"

namespace demo {

namespace {

void receive_more(tendril::TcpSocket& server, std::string& answer, tendril::Deadline deadline) {
    char chunk[1024];
    const std::size_t n = server.recv(chunk, deadline);
    if (n == 0) {
        throw std::runtime_error("the server closed the connection instead of answering");
    }
    answer.append(chunk, n);
}

std::size_t content_length(std::string_view head) {
    constexpr std::string_view field = "\r\nContent-Length: ";
    const std::size_t at = head.find(field);
    std::size_t length = 0;
    if (at == head.npos) {
        throw std::runtime_error("an answer without Content-Length");
    }
    const std::string_view digits = head.substr(at + field.size());
    if (std::from_chars(digits.data(), digits.data() + digits.size(), length).ec != std::errc()) {
        throw std::runtime_error("an answer with a bad Content-Length");
    }
    return length;
}

}  // namespace

void fetch_page(tendril::TcpSocket& server, std::string_view path) {
    const tendril::Deadline deadline = patience;
    server.send_all(std::string("GET ").append(path).append(" HTTP/1.1\r\nHost: demo\r\n\r\n"), deadline);
    std::string answer;
    std::size_t head = 0;
    while ((head = answer.find(end_of_head)) == answer.npos) {
        receive_more(server, answer, deadline);
    }
    head += end_of_head.size();
    if (!answer.starts_with("HTTP/1.1 200 ")) {
        throw std::runtime_error("the server answered '" + answer.substr(0, answer.find('\r')) + "'");
    }
    const std::size_t size = head + content_length(std::string_view(answer).substr(0, head));
    while (answer.size() < size) {
        receive_more(server, answer, deadline);
    }
    if (answer.size() > size) {
        throw std::runtime_error("the server sent more than one answer");
    }
}

}  // namespace demo
