// SPDX-License-Identifier: MIT
//
// Hello: spawn green threads and wait for what they return.

#include <chrono>
#include <cstdio>
#include <string>

#include <tendril/greenlet.hpp>

using namespace std::chrono_literals;

int main() {
    tendril::Greenlet<std::string> slow = tendril::spawn([] {
        tendril::sleep(20ms);  // suspends this green thread only
        return std::string("Hello");
    });
    tendril::Greenlet<std::string> quick =
        tendril::spawn([](const std::string& who) { return who + "!"; }, "green world");

    std::printf("spawned: %d ended\n", slow.ready() + quick.ready());
    const std::string greeting = slow.get() + ", " + quick.get();
    std::printf("%s\n", greeting.c_str());
}
