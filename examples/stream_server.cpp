// SPDX-License-Identifier: MIT
//
// A server as an object: started, queried, stopped. {.hubs = 4} would serve in four OS threads.

#include <cstdio>
#include <string>

#include <tendril/stream_server.hpp>

using namespace tendril;
using namespace std::chrono_literals;

int main() {
    StreamServer server("127.0.0.1:0", [](TcpSocket& client, const Address&, Serving& serving) {
        char buffer[64];
        for (;;) {
            std::size_t n = 0;
            {
                const Serving::Idle idle(serving);  // between two requests: a stop need not wait for this handler
                n = client.recv(buffer);
            }
            if (n == 0) {
                return;
            }
            client.send_all("you said ");
            client.send_all({buffer, n});
        }
    });
    server.start();

    TcpSocket client = connect(server.address());
    client.send_all("hello");
    char buffer[14];
    std::printf("%s\n", std::string(buffer, client.recv_exactly(buffer)).c_str());
    std::printf("killed while at work: %zu\n", server.stop(5s));
    std::printf("then the client reads %zu bytes\n", client.recv(buffer));
    return 0;
}
