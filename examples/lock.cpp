// SPDX-License-Identifier: MIT
//
// A Lock protects work that stretches over calls that wait; a Condition waits for a change of what the Lock guards.

#include <cstdio>
#include <deque>
#include <mutex>

#include <tendril/greenlet.hpp>
#include <tendril/lock.hpp>

int main() {
    tendril::Lock lock;
    tendril::Condition changed;
    std::deque<int> jobs;

    auto worker = tendril::spawn([&] {
        for (int job = 0; job != 3;) {
            const std::lock_guard guard(lock);
            changed.wait(lock, [&] { return !jobs.empty(); });
            job = jobs.front();
            jobs.pop_front();
            std::printf("job %d\n", job);
        }
    });
    for (int job = 1; job <= 3; ++job) {
        const std::lock_guard guard(lock);
        jobs.push_back(job);
        changed.notify_one();
        tendril::yield();  // the worker is notified, and waits for the lock that we hold
        std::printf("put %d\n", job);
    }
    worker.join();
}
