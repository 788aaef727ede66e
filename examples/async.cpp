// SPDX-License-Identifier: MIT
//
// Async: another OS thread computes, and wakes the hub when it has a result. Several sends may become one run, so the
// results travel in a container of their own.

#include <cstdio>
#include <mutex>
#include <numeric>
#include <thread>
#include <vector>

#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>

int main() {
    std::mutex mutex;
    std::vector<int> results;  // under the mutex: two OS threads use it

    int sum = 0, count = 0;
    const auto consumer = tendril::spawn([] { tendril::sleep(tendril::never); });  // ended by the callback
    tendril::Async arrived([&] {                                                   // runs in this hub; must not wait
        const std::lock_guard lock(mutex);
        sum = std::accumulate(results.begin(), results.end(), sum);
        count += static_cast<int>(results.size());
        results.clear();
        if (count == 5) {
            consumer.kill_nowait();
        }
    });

    std::thread producer([&, sender = arrived.sender()] {
        for (int i = 1; i <= 5; ++i) {
            {
                const std::lock_guard lock(mutex);
                results.push_back(i * i);
            }
            sender.send_threadsafe();
        }
    });
    consumer.join();
    producer.join();
    std::printf("%d results, their sum is %d\n", count, sum);
}
