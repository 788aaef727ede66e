// SPDX-License-Identifier: MIT
//
// Seed 001's boss and workers over a bounded queue: a get from the full queue makes room for the boss's next item.

#include <chrono>
#include <cstdio>
#include <vector>

#include <tendril/greenlet.hpp>
#include <tendril/queue.hpp>

using namespace std::chrono_literals;

int main() {
    tendril::Queue<int> tasks(3);
    const auto worker = [&](const char* name) {
        try {
            for (;;) {
                const int task = tasks.get(50ms);
                std::printf("Worker %s got task %d\n", name, task);
                tendril::sleep();
            }
        } catch (const tendril::Empty&) {
            std::puts("Quitting time!");
        }
    };
    const auto boss = [&] {
        for (int i = 1; i < 10; ++i) {
            tasks.put(i);
        }
        std::puts("Assigned all work in iteration 1");
        for (int i = 10; i < 20; ++i) {
            tasks.put(i);
        }
        std::puts("Assigned all work in iteration 2");
    };
    tendril::join_all(std::vector{tendril::spawn(boss), tendril::spawn(worker, "steve"), tendril::spawn(worker, "john"),
                                  tendril::spawn(worker, "bob")});
}
