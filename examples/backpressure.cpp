// SPDX-License-Identifier: MIT
//
// Back-pressure: a source that is faster than the workers is slowed down by two bounds, and nothing piles up. The queue
// holds five lines at most, and the pool runs three jobs at most; a caller that would exceed either waits.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>

#include <tendril/pool.hpp>
#include <tendril/queue.hpp>

using namespace std::chrono_literals;

int main() {
    tendril::Queue<int> lines(5);
    std::size_t most_lines = 0, most_jobs = 0;

    const auto source = tendril::spawn([&] {
        for (int line = 0; line < 100; ++line) {
            lines.put(line);  // waits while there are five
            most_lines = std::max(most_lines, lines.size());
        }
        lines.shutdown();  // ends the loop below once the queue is empty
    });

    int done = 0;
    tendril::Pool jobs(3);
    for (const int line : lines) {
        jobs.spawn_n([&, line] {  // waits while three run
            most_jobs = std::max(most_jobs, jobs.running());
            tendril::sleep(line % 7 * 1ms);
            ++done;
        });
    }
    jobs.wait_all();
    source.get();
    std::printf("%d lines done; at most %zu waited, and %zu jobs ran\n", done, most_lines, most_jobs);
}
