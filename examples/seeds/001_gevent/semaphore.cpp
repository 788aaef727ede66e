// SPDX-License-Identifier: MIT
//
// A semaphore that lets two in; a release makes a waiter ready, and switches to nobody.

#include <cstdio>
#include <mutex>
#include <vector>

#include <tendril/pool.hpp>
#include <tendril/semaphore.hpp>

int main() {
    tendril::BoundedSemaphore semaphore(2);

    const auto worker1 = [&](int n) {
        semaphore.acquire();
        std::printf("Worker %d acquired semaphore\n", n);
        tendril::sleep();
        semaphore.release();
        std::printf("Worker %d released semaphore\n", n);
    };
    const auto worker2 = [&](int n) {
        {
            const std::lock_guard permit(semaphore);  // `with semaphore:`
            std::printf("Worker %d acquired semaphore\n", n);
            tendril::sleep();
        }
        std::printf("Worker %d released semaphore\n", n);
    };

    tendril::Pool pool;
    pool.map(worker1, std::vector{0, 1});
    pool.map(worker2, std::vector{3, 4, 5});
}
