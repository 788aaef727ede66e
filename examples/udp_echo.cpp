// SPDX-License-Identifier: MIT
//
// Datagrams: one green thread answers, another asks.

#include <cstdio>
#include <string>

#include <tendril/greenlet.hpp>
#include <tendril/udp_socket.hpp>

using namespace tendril;
using namespace std::chrono_literals;

int main() {
    UdpSocket server = UdpSocket::bound("127.0.0.1:0");
    auto serving = spawn([&] {
        char buffer[1500];
        for (;;) {
            Address from;
            const Datagram d = server.recv_from(buffer, from);
            server.send_to({buffer, d.size}, from);
        }
    });

    UdpSocket client = UdpSocket::connected(server.local_address());
    client.send("hello");
    char buffer[1500];
    const Datagram d = client.recv(buffer, 10s);
    std::printf("%s\n", std::string(buffer, d.size).c_str());
    serving.kill();
    return 0;
}
