// SPDX-License-Identifier: MIT
//
// Two OS threads, each with green threads: one hands out numbers, the other sums them. Neither blocks its hub.

#include <cstdio>
#include <thread>
#include <vector>

#include <tendril/greenlet.hpp>
#include <tendril/shared_event.hpp>
#include <tendril/shared_queue.hpp>

int main() {
    tendril::SharedQueue<int> numbers(8);  // put() waits when there are eight
    tendril::SharedQueue<long> sums;
    tendril::SharedEvent ready;

    std::thread adder([&] {
        ready.set();
        std::vector<tendril::Greenlet<void>> workers;
        for (int i = 0; i < 3; ++i) {
            workers.push_back(tendril::spawn([&] {
                long sum = 0;
                for (const int number : numbers) {  // until the queue is shut down and empty
                    sum += number;
                }
                sums.put(sum);
            }));
        }
        tendril::join_all(workers);
        sums.shutdown();
    });

    ready.wait();
    const auto even = tendril::spawn([&] {
        for (int i = 0; i <= 1000; i += 2) {
            numbers.put(i);
        }
    });
    for (int i = 1; i <= 1000; i += 2) {
        numbers.put(i);
    }
    even.join();
    numbers.shutdown();

    long total = 0;
    for (const long sum : sums) {
        total += sum;
    }
    adder.join();
    std::printf("the numbers to 1000 add up to %ld\n", total);
}
