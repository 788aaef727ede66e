// SPDX-License-Identifier: MIT
//
// What each further hub on a further processor is worth: each OS thread has a hub with an echo server and its clients,
// over loopback TCP. Measures one hub, then as many as there are processors, in turn.
//
//     bench_echo_hubs [ROUNDS]      prints messages per second for each, and the median of the rounds' ratios

#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

#include <tendril/group.hpp>
#include <tendril/server.hpp>

namespace {

constexpr int clients = 32;
constexpr int messages_each = 4000;

void echo(tendril::TcpSocket& client) {
    char buffer[4096];
    while (const std::size_t n = client.recv(buffer)) {
        client.send_all({buffer, n});
    }
}

void play() {
    tendril::Listener listener = tendril::listen("127.0.0.1:0");
    tendril::Group servers;
    servers.spawn([&] { tendril::serve(listener, echo); });
    tendril::Group players;
    for (int i = 0; i < clients; ++i) {
        players.spawn([&] {
            tendril::TcpSocket socket = tendril::connect(listener.address());
            char ball[64] = {};
            for (int n = 0; n < messages_each; ++n) {
                socket.send_all({ball, sizeof ball});
                socket.recv_exactly(ball);
            }
        });
    }
    players.join();
    servers.kill();
}

double messages_per_second(unsigned hubs) {
    const auto start = std::chrono::steady_clock::now();
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < hubs; ++i) {
        threads.emplace_back(play);
        cpu_set_t one;
        CPU_ZERO(&one);
        CPU_SET(i, &one);
        pthread_setaffinity_np(threads.back().native_handle(), sizeof one, &one);
    }
    for (std::thread& each : threads) {
        each.join();
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    return hubs * double{clients} * messages_each / took.count();
}

}  // namespace

int main(int argc, char** argv) {
    const int rounds = argc > 1 ? std::atoi(argv[1]) : 5;
    const unsigned many = std::max(1u, std::thread::hardware_concurrency());
    std::vector<double> ratios;
    for (int i = 0; i < rounds; ++i) {
        const double one = messages_per_second(1);
        const double all = messages_per_second(many);
        ratios.push_back(all / one);
        std::printf("1 hub: %.0f/s, %u hubs: %.0f/s, %.2f times\n", one, many, all, all / one);
    }
    std::sort(ratios.begin(), ratios.end());
    std::printf("%u hubs are worth %.2f\n", many, ratios[ratios.size() / 2]);
    return 0;
}
