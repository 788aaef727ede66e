// SPDX-License-Identifier: MIT
//
// Seed 001's semaphore: two permits, five workers. release() never switches, and waiters are served in order.

#include <cstdio>
#include <mutex>
#include <vector>

#include <tendril/greenlet.hpp>
#include <tendril/semaphore.hpp>

int main() {
    tendril::BoundedSemaphore semaphore(2);
    const auto worker = [&](int n) {
        {
            const std::lock_guard permit(semaphore);
            std::printf("Worker %d acquired semaphore\n", n);
            tendril::sleep();
        }
        std::printf("Worker %d released semaphore\n", n);
    };
    tendril::join_all(std::vector{tendril::spawn(worker, 0), tendril::spawn(worker, 1)});
    tendril::join_all(std::vector{tendril::spawn(worker, 3), tendril::spawn(worker, 4), tendril::spawn(worker, 5)});
}
