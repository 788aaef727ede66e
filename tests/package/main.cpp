// SPDX-License-Identifier: MIT
//
// What a user's first program does: two green threads, joined by the main one. run.cmake compares what it prints.

#include <chrono>
#include <cstdio>

#include <tendril/greenlet.hpp>

int main() {
    using namespace std::chrono_literals;
    auto slow = tendril::spawn([] {
        tendril::sleep(2ms);
        std::puts("slow");
        return 40;
    });
    auto quick = tendril::spawn([] {
        std::puts("quick");
        return 2;
    });
    std::printf("sum %d\n", slow.get() + quick.get());
    return 0;
}
