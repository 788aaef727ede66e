// SPDX-License-Identifier: MIT
//
// Three workers take turns at a queue until it is empty.

#include <cstdio>

#include <tendril/greenlet.hpp>
#include <tendril/queue.hpp>

int main() {
    tendril::Queue<int> tasks;

    const auto worker = [&](const char* name) {
        while (!tasks.empty()) {
            std::printf("Worker %s got task %d\n", name, tasks.get());
            tendril::sleep();
        }
        std::puts("Quitting time!");
    };
    const auto boss = [&] {
        for (int task = 1; task < 25; ++task) {
            tasks.put_nowait(task);
        }
    };

    tendril::spawn(boss).join();
    tendril::join_all(
        {tendril::spawn(worker, "steve"), tendril::spawn(worker, "john"), tendril::spawn(worker, "nancy")});
}
