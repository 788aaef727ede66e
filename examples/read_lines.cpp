// SPDX-License-Identifier: MIT
//
// Reads lines from a stream, and uses the classic streams over one.

#include <cstdio>
#include <string>

#include <tendril/buffered.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/iostream.hpp>
#include <tendril/socket.hpp>

using namespace tendril;

int main() {
    auto [one, other] = TcpSocket::pair();
    spawn([socket = std::move(one)]() mutable {
        IoStream out(socket);
        for (int i = 1; i <= 3; ++i) {
            out << "line " << i << "\r\n";
        }
        out << std::flush;
    });
    BufferedReader in(std::move(other), {.line_end = LineEnd::crlf});
    for (const std::string& line : in.lines()) {
        std::printf("[%s]\n", line.c_str());
    }
    return 0;
}
