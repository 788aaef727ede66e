// SPDX-License-Identifier: MIT
//
// A group is joined as a whole. In gevent's program "fizz" runs in the first join, too, for all three were spawned.

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
    const auto g3 = tendril::spawn(talk, "fizz");

    tendril::Group group;
    group.add(g1);
    group.add(g2);
    group.join();
    group.add(g3);
    group.join();
}
