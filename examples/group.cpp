// SPDX-License-Identifier: MIT
//
// Seed 001's group: green threads that the caller waits for together. One that never waits runs to its end.

#include <cstdio>

#include <tendril/group.hpp>

int main() {
    const auto talk = [](const char* message) {
        for (int i = 0; i < 3; ++i) {
            std::puts(message);
        }
    };
    const auto g1 = tendril::spawn(talk, "bar");
    const auto g2 = tendril::spawn(talk, "foo");
    tendril::Group group;
    group.add(g1);
    group.add(g2);
    group.join();
    group.add(tendril::spawn(talk, "fizz"));
    group.join();
}
