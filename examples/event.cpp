// SPDX-License-Identifier: MIT
//
// An Event: many green threads wait for one thing to happen.

#include <chrono>
#include <cstdio>
#include <vector>

#include <tendril/event.hpp>
#include <tendril/greenlet.hpp>

using namespace std::chrono_literals;

int main() {
    tendril::Event start;
    std::vector<tendril::Greenlet<void>> runners;
    for (int i = 1; i <= 3; ++i) {
        runners.push_back(tendril::spawn([&, i] {
            start.wait();
            std::printf("runner %d runs\n", i);
        }));
    }
    std::printf("in time: %s\n", start.wait(1ms) ? "yes" : "no");
    std::puts("go");
    start.set();
    tendril::join_all(runners);
}
