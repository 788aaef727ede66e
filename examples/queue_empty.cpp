// SPDX-License-Identifier: MIT
//
// Seed 001's first queue: the boss fills it, three workers empty it in rotation.

#include <cstdio>
#include <vector>

#include <tendril/greenlet.hpp>
#include <tendril/queue.hpp>

int main() {
    tendril::Queue<int> tasks;
    const auto worker = [&](const char* name) {
        while (!tasks.empty()) {
            const int task = tasks.get();
            std::printf("Worker %s got task %d\n", name, task);
            tendril::sleep();
        }
        std::puts("Quitting time!");
    };
    tendril::spawn([&] {
        for (int i = 1; i <= 12; ++i) {
            tasks.put_nowait(i);
        }
    }).join();
    tendril::join_all(
        std::vector{tendril::spawn(worker, "steve"), tendril::spawn(worker, "john"), tendril::spawn(worker, "nancy")});
}
