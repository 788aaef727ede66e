// SPDX-License-Identifier: MIT
//
// patch::library with the C client of Redis: 200 green threads, and each waits 0.2 s in the server for an item that
// never comes. The server's port is in the environment.

#include <hiredis.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <memory>
#include <stdexcept>

#include <tendril/group.hpp>
#include <tendril/patch/patch.hpp>

using namespace std::chrono_literals;

using Connection = std::unique_ptr<redisContext, decltype(&redisFree)>;

void query(int port) {
    const Connection connection(redisConnect("127.0.0.1", port), &redisFree);
    void* reply = redisCommand(connection.get(), "BLPOP nothing 0.2");
    if (reply == nullptr) {
        throw std::runtime_error(connection->errstr);
    }
    freeReplyObject(reply);
}

int main() {
    tendril::patch::library("libhiredis");
    const int port = std::atoi(std::getenv("TENDRIL_TEST_REDIS_PORT"));

    const auto begin = std::chrono::steady_clock::now();
    tendril::Group queries;
    for (int i = 0; i < 200; ++i) {
        queries.spawn(query, port);
    }
    queries.join();

    const bool together = std::chrono::steady_clock::now() - begin < 10s;
    const auto threads = std::distance(std::filesystem::directory_iterator("/proc/self/task"), {});
    std::printf("200 queries of 0.2 s on one OS thread: %s\n", together && threads == 1 ? "yes" : "no");
}
