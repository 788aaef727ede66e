// SPDX-License-Identifier: MIT
//
// A program in a pseudo-terminal: it believes that a person types.

#include <cstdio>
#include <string>

#include <tendril/process.hpp>
#include <tendril/terminal.hpp>

using namespace std::chrono_literals;
using tendril::TerminalSize;

// Reads what the program prints, to its end.
std::string all_of(tendril::Terminal& terminal) {
    std::string text;
    char buffer[256];
    while (const std::size_t n = terminal.recv(buffer, 10s)) {
        text.append(buffer, n);
    }
    return text;
}

int main() {
    tendril::Popen child(tendril::shell("stty size; read name; echo hello, $name"),
                         {.terminal = TerminalSize{100, 30}});
    child.terminal().send_all("world\n");
    const std::string text = all_of(child.terminal());  // with the echo of what was typed, and "\r\n"
    std::printf("%s", text.find("30 100\r\n") != std::string::npos ? "30 rows, 100 columns\n" : "?\n");
    std::printf("%s", text.find("hello, world\r\n") != std::string::npos ? "hello, world\n" : "?\n");
    std::printf("status %d\n", child.wait());
}
