// SPDX-License-Identifier: MIT
//
// A pile: results in the order of spawning, although the first job is the slowest, and while more are spawned: the
// window lets the producer be four jobs ahead of the consumer.

#include <chrono>
#include <cstdio>

#include <tendril/group.hpp>
#include <tendril/pile.hpp>

using namespace std::chrono_literals;

int main() {
    const auto square = [](int n) {
        tendril::sleep((6 - n) * 1ms);
        return n * n;
    };
    tendril::Pile<int> squares(2, {.window = 4});  // two at a time
    tendril::Group producer;                       // destroyed before the pile that it fills
    producer.spawn([&] {
        for (int n = 0; n < 6; ++n) {
            squares.spawn(square, n);
        }
    });
    tendril::sleep();  // lets the producer begin: an empty pile would be at its end
    for (const int n : squares) {
        std::printf("%d\n", n);
    }
}
