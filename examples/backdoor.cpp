// SPDX-License-Identifier: MIT
//
// A Backdoor: shows the inside of a running program through a socket, with commands of the program's own. Here the
// program is its own client.

#include <cstdio>
#include <ostream>
#include <string>
#include <unistd.h>

#include <tendril/debug/backdoor.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/socket.hpp>

// Sends a line; prints the answer up to the next prompt.
void ask(tendril::TcpSocket& client, const std::string& line) {
    client.send_all(line + "\n");
    std::string answer;
    char byte = 0;
    while (!answer.ends_with("\n> ") && client.recv({&byte, 1}) == 1) {
        answer += byte;
    }
    std::printf("%s: %s", line.c_str(), answer.substr(0, answer.size() - 2).c_str());
}

int main() {
    int jobs = 3;
    tendril::debug::Backdoor backdoor("unix:@example-backdoor-" + std::to_string(::getpid()));
    backdoor.add("jobs", "[N]: prints, or sets, the number of jobs", [&](std::string_view n, std::ostream& out) {
        if (!n.empty()) {
            jobs = std::stoi(std::string(n));
        }
        out << jobs << " jobs\n";
    });

    tendril::TcpSocket client = tendril::connect(backdoor.address());
    char prompt[2];
    client.recv_exactly(prompt);
    ask(client, "jobs");
    ask(client, "jobs 5");
    ask(client, "jobs many");
}
