// SPDX-License-Identifier: MIT
//
// A server of datagrams: each is answered by a green thread of its own.

#include <cstdio>
#include <string>

#include <tendril/datagram_server.hpp>

using namespace tendril;
using namespace std::chrono_literals;

int main() {
    DatagramServer server(UdpSocket::bound("127.0.0.1:0"),
                          [](Bytes question, const Address& from, DatagramServer& self) {
                              const std::string text(reinterpret_cast<const char*>(question.data()), question.size());
                              self.send_to("you said " + text, from);
                          });
    server.start();

    UdpSocket client = UdpSocket::connected(server.address());
    client.send("hello");
    char buffer[100];
    const Datagram answer = client.recv(buffer, 10s);
    std::printf("%s\n", std::string(buffer, answer.size).c_str());
    server.stop();
    return 0;
}
