// SPDX-License-Identifier: MIT
//
// A full queue makes the boss wait; an empty one makes the workers leave after a time.

#include <chrono>
#include <cstdio>

#include <tendril/greenlet.hpp>
#include <tendril/queue.hpp>

using namespace std::chrono_literals;

int main() {
    tendril::Queue<int> tasks(3);

    const auto worker = [&](const char* name) {
        try {
            for (;;) {
                std::printf("Worker %s got task %d\n", name, tasks.get(200ms));
                tendril::sleep();
            }
        } catch (const tendril::Empty&) {
            std::puts("Quitting time!");
        }
    };
    const auto boss = [&] {
        for (int task = 1; task < 10; ++task) {
            tasks.put(task);
        }
        std::puts("Assigned all work in iteration 1");
        for (int task = 10; task < 20; ++task) {
            tasks.put(task);
        }
        std::puts("Assigned all work in iteration 2");
    };

    tendril::join_all({tendril::spawn(boss), tendril::spawn(worker, "steve"), tendril::spawn(worker, "john"),
                       tendril::spawn(worker, "bob")});
}
