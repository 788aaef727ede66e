// SPDX-License-Identifier: MIT
//
// A Backdoor: look into a running program through a socket, with commands of its own. Here it is its own client.

#include <cstdio>
#include <ostream>
#include <string>
#include <unistd.h>

#include <tendril/debug/backdoor.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/socket.hpp>

int main() {
    int jobs = 3;
    tendril::debug::Backdoor backdoor("unix:@example-backdoor-" + std::to_string(::getpid()));
    backdoor.add("jobs", "[N]: how many jobs there are, or shall be", [&](std::string_view n, std::ostream& out) {
        if (!n.empty()) {
            jobs = std::stoi(std::string(n));
        }
        out << jobs << " jobs\n";
    });

    tendril::TcpSocket client = tendril::connect(backdoor.address());
    client.send_all("jobs\njobs 5\njobs many\nquit\n");
    char buffer[256];
    while (const std::size_t n = client.recv(buffer)) {
        std::fwrite(buffer, 1, n, stdout);
    }
}
