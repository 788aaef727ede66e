// SPDX-License-Identifier: MIT
//
// GreenPile is Pile: results in the order of spawning.

#include <chrono>
#include <cstdio>

#include <tendril/pile.hpp>

using namespace std::chrono_literals;

int main() {
    tendril::Pile<int> pile(2);
    for (int n = 0; n < 4; ++n) {
        pile.spawn([n] {
            tendril::sleep(50ms - n * 10ms);
            return n;
        });
    }
    std::printf("%d\n", *pile.next());
    const char* between = "[";
    for (const int n : pile) {
        std::printf("%s%d", between, n);
        between = ", ";
    }
    std::puts("]");
    if (!pile.next()) {
        std::puts("no more results");
    }
}
