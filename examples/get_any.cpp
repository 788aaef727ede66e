// SPDX-License-Identifier: MIT
//
// get_any: takes an item from the first of several queues that has one, as `select` does in Go.

#include <cstdio>
#include <string>
#include <variant>

#include <tendril/channel.hpp>
#include <tendril/get_any.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/queue.hpp>

using namespace std::chrono_literals;

int main() {
    tendril::Queue<std::string> orders;
    tendril::Channel<int> cancellations;
    tendril::Queue<std::string> stop;  // nothing is put here: its shutdown is the sign to stop

    const auto worker = tendril::spawn([&] {
        try {
            for (;;) {
                const auto item = tendril::get_any(orders, cancellations, stop);
                if (item.index() == 0) {
                    std::printf("order: %s\n", std::get<0>(item).c_str());
                } else {
                    std::printf("order %d is cancelled\n", std::get<1>(item));
                }
            }
        } catch (const tendril::ShutDown&) {
            std::printf("no more\n");
        }
    });

    orders.put("tea");
    tendril::yield();
    cancellations.put(1);  // returns when the worker has it
    orders.put("coffee");
    tendril::yield();
    stop.shutdown();
    worker.join();

    try {
        tendril::get_any(10ms, orders, cancellations);
    } catch (const tendril::Empty&) {
        std::printf("nothing came within 10 ms, and nothing was taken\n");
    }
}
