// SPDX-License-Identifier: MIT
//
// The program of docs/coming-from-go.md; from_go.go is the same in Go, and prints the same.

#include <chrono>
#include <cstdio>
#include <variant>

#include <tendril/channel.hpp>
#include <tendril/get_any.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/queue.hpp>
#include <tendril/wait_group.hpp>

using namespace std::chrono_literals;

struct Result {
    int n, square;
};

void worker(tendril::Queue<int>& jobs, tendril::Channel<Result>& results) {
    for (const int n : jobs) {
        results.put({n, n * n});
    }
}

int main() {
    tendril::Queue<int> jobs(10);
    tendril::Channel<Result> results;
    tendril::WaitGroup running;
    for (int i = 0; i < 3; ++i) {
        tendril::spawn_n([&, token = tendril::WaitGroup::Token(running)] { worker(jobs, results); });
    }
    tendril::spawn_n([&] {
        for (int n = 1; n <= 10; ++n) {
            jobs.put(n);
        }
        jobs.shutdown();
    });
    tendril::spawn_n([&] {
        running.wait();
        results.shutdown();
    });

    int sum = 0;
    for (const Result& r : results) {
        sum += r.square;
    }
    std::printf("the squares to 10 add up to %d\n", sum);

    tendril::Channel<int> never;
    tendril::Queue<int> ticks(1);
    ticks.put(7);
    for (int i = 0; i < 2; ++i) {
        try {
            const auto item = tendril::get_any(10ms, never, ticks);
            if (item.index() == 0) {
                std::printf("never printed %d\n", std::get<0>(item));
            } else {
                std::printf("a tick: %d\n", std::get<1>(item));
            }
        } catch (const tendril::Empty&) {
            std::puts("nothing within 10 ms");
        }
    }
}
