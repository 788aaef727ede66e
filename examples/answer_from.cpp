// SPDX-License-Identifier: MIT
//
// A UDP service on all addresses of a machine answers from the address at which it was asked. An answer from another
// one would be dropped by clients that are connected to the first.

#include <chrono>
#include <iostream>
#include <string>

#include <tendril/ancillary.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/udp_socket.hpp>

using namespace tendril;
using namespace std::chrono_literals;

namespace {

void answer(UdpSocket& socket) {
    char buffer[512];
    for (;;) {
        const ReceivedMessage asked = recv_message(socket, buffer);
        if (const auto& packet = asked.ancillary.packet) {
            const std::string text = "you asked " + packet->destination.ip();
            send_message(socket, text, {.to = asked.from, .from = packet->local});
        }
    }
}

}  // namespace

int main() {
    UdpSocket service = UdpSocket::bound("0.0.0.0:0", {.settings = {{option::packet_info, true}}});
    const std::uint16_t port = service.local_address().port();
    auto server = spawn([&] { answer(service); });
    for (const char* ip : {"127.0.0.1", "127.0.0.2"}) {
        UdpSocket client = UdpSocket::connected(Address::ip(ip, port));
        client.send("hello");
        char buffer[512];
        std::cout << std::string(buffer, client.recv(buffer, 5s).size) << "\n";
    }
    server.kill();
}
