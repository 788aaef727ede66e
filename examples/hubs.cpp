// SPDX-License-Identifier: MIT
//
// A server that uses several processors: one hub in each of three OS threads. Its handler is called in all of them, so
// data that the calls share is atomic. A stop token stops it from any OS thread.

#include <atomic>
#include <cstdio>
#include <stop_token>
#include <string>
#include <vector>

#include <tendril/greenlet.hpp>
#include <tendril/server.hpp>

using namespace tendril;

int main() {
    Listener listener = listen("127.0.0.1:0");
    std::atomic<int> served{0};
    std::stop_source stop;
    auto server = spawn([&] {
        serve(listener,
              [&](TcpSocket& client) {
                  char buffer[64];
                  while (const std::size_t n = client.recv(buffer)) {
                      client.send_all({buffer, n});
                  }
                  ++served;
              },
              {.hubs = 3, .stop = stop.get_token()});  // .hubs = 0: one for each processor
    });

    std::vector<TcpSocket> clients;
    for (int i = 0; i < 9; ++i) {
        clients.push_back(connect(listener.address()));
        clients.back().send_all("hello " + std::to_string(i));
    }
    for (TcpSocket& client : clients) {
        char buffer[7];
        std::printf("%s\n", std::string(buffer, client.recv_exactly(buffer)).c_str());
    }
    clients.clear();
    stop.request_stop();
    server.get();  // the handlers have ended
    std::printf("served: %d\n", served.load());
    return 0;
}
