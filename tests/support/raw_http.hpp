// SPDX-License-Identifier: MIT
//
// RawHttp: a client that sends given text, byte for byte, and reads the answer, without tendril's own HTTP.

#pragma once

#include <cerrno>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <tendril/address.hpp>
#include <tendril/buffered.hpp>
#include <tendril/socket.hpp>

namespace tendril::testing {

struct RawAnswer {
    int status = 0;  // 0: the connection ended instead
    std::string head;
    std::string body;

    // Returns the value of a header, as it was written; nothing if it is absent.
    std::optional<std::string> header(std::string_view name) const {
        const std::size_t at = head.find("\r\n" + std::string(name) + ": ");
        if (at == std::string::npos) {
            return std::nullopt;
        }
        const std::size_t begin = at + name.size() + 4;
        return head.substr(begin, head.find("\r\n", begin) - begin);
    }
};

class RawHttp {
public:
    explicit RawHttp(const Address& server) : RawHttp(connect(server)) {}
    explicit RawHttp(TcpSocket connected) : socket(std::move(connected)), in(socket, {.line_end = LineEnd::crlf}) {}
    RawHttp(const RawHttp&) = delete;  // `in` refers to `socket`
    RawHttp& operator=(const RawHttp&) = delete;

    void send(std::string_view text) { socket.send_all(text); }

    // Reads one response. without_body: it answers a HEAD.
    RawAnswer read(bool without_body = false) {
        RawAnswer answer;
        while (const std::optional<std::string> line = in.read_line()) {
            if (answer.head.empty()) {
                answer.status = std::atoi(line->substr(line->find(' ') + 1).c_str());
            }
            answer.head += *line + "\r\n";
            if (line->empty()) {
                if (!without_body) {
                    read_body(answer);
                }
                return answer;
            }
        }
        return answer;
    }

    RawAnswer ask(std::string_view text) {
        send(text);
        return read();
    }

    // Returns everything up to the end of the connection; a reset counts as an end.
    std::string rest() {
        try {
            return in.read_all(std::size_t{64} << 20);
        } catch (const std::system_error& e) {
            if (e.code().value() != ECONNRESET) {
                throw;
            }
            return std::string(in.buffered());
        }
    }

    TcpSocket socket;
    BufferedReader in;

private:
    void read_body(RawAnswer& answer) {
        if (answer.status < 200 || answer.status == 204 || answer.status == 304) {
            return;
        }
        if (const auto length = answer.header("Content-Length")) {
            answer.body.resize(std::strtoull(length->c_str(), nullptr, 10));
            answer.body.resize(in.recv_exactly(answer.body));
        } else if (answer.header("Transfer-Encoding") == "chunked") {
            read_chunks(answer);
        } else {
            answer.body = rest();
        }
    }

    void read_chunks(RawAnswer& answer) {
        for (;;) {
            const std::size_t size = std::strtoull(in.read_line().value_or("0").c_str(), nullptr, 16);
            std::string chunk(size, '\0');
            chunk.resize(in.recv_exactly(chunk));
            answer.body += chunk;
            if (size == 0) {
                while (in.read_line().value_or("") != "") {  // trailers
                }
                return;
            }
            in.read_line();
        }
    }
};

}  // namespace tendril::testing
