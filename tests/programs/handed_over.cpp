// SPDX-License-Identifier: MIT
//
// A server that hands its listener over to a new process of itself. It answers with its generation and its number; at SIGHUP it starts
// the next one. The first prints its port. "fails" as the generation: ends at once.

#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>

#include <tendril/event.hpp>
#include <tendril/handover.hpp>
#include <tendril/signal.hpp>
#include <tendril/socket_activation.hpp>
#include <tendril/stream_server.hpp>

using namespace tendril;
using namespace std::chrono_literals;

int main(int, char** argv) {
    const std::string generation = argv[1];
    if (generation == "fails") {
        return 3;
    }
    std::vector<InheritedSocket> inherited = inherited_sockets();
    Listener listener = inherited.empty() ? listen("127.0.0.1:0") : Listener(std::move(inherited.front().fd));
    Listener copy = listener.duplicate();
    StreamServer server(std::move(listener), [&](TcpSocket& client) {
        client.send_all(generation + " " + std::to_string(::getpid()) + "\n");
    });
    server.start();
    notify_ready();
    if (inherited.empty()) {
        std::printf("%d\n", copy.address().port());
        std::fflush(stdout);
    }
    Event stop;
    const Signal hangup = on_signal(SIGHUP, [&] {
        const std::string next = generation == "2" ? "fails" : std::to_string(std::atoi(argv[1]) + 1);
        try {
            hand_over({{"main", &copy}}, {argv[0], next}, 20s);
            stop.set();
        } catch (const std::exception& e) {
            std::fprintf(stderr, "still serving: %s\n", e.what());
        }
    });
    const Signal term = on_signal(SIGTERM, [&] { stop.set(); });
    stop.wait();
    copy.close();
    server.stop(20s);
    return 0;
}
