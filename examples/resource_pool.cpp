// SPDX-License-Identifier: MIT
//
// Two connections shared by four green threads; one that breaks is replaced.

#include <chrono>
#include <cstdio>
#include <vector>

#include <tendril/greenlet.hpp>
#include <tendril/resource_pool.hpp>

using namespace std::chrono_literals;

struct Connection {
    int number;
    explicit Connection(int n) : number(n) { std::printf("connection %d opened\n", number); }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    ~Connection() { std::printf("connection %d closed\n", number); }
};

int main() {
    int made = 0;
    tendril::ResourcePool<Connection> pool([&] { return Connection(++made); }, {.max = 2, .max_idle = 30s});
    const auto query = [&](const char* who, bool breaks) {
        auto connection = pool.get(1s);
        std::printf("%s has connection %d\n", who, connection->number);
        tendril::sleep();
        if (breaks) {
            connection.discard();
        }
    };
    tendril::join_all(std::vector{tendril::spawn(query, "ann", false), tendril::spawn(query, "bob", true),
                                  tendril::spawn(query, "cid", false), tendril::spawn(query, "dot", false)});
    std::printf("%zu idle\n", pool.idle());
}
