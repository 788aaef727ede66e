// SPDX-License-Identifier: MIT
//
// Maps a function over an input on other OS threads, a few items ahead of the reader, and finishes what was submitted.

#include <atomic>
#include <cstdio>
#include <numeric>
#include <vector>

#include <tendril/thread_pool.hpp>

int main() {
    using namespace std::chrono_literals;
    const auto slow_square = [](int n) {
        int sum = 0;
        for (int i = 0; i < n; ++i) {
            sum += n;
        }
        return sum;
    };

    // OS threads that have had no job for a second end.
    tendril::ThreadPool pool(4, {.idle_timeout = 1s});

    // No more than 8 items are on their way, however long the input is.
    std::vector<int> numbers(1000);
    std::iota(numbers.begin(), numbers.end(), 1);
    for (const int square : pool.imap(slow_square, numbers)) {
        std::printf("%d\n", square);
        if (square > 20) {
            break;
        }
    }

    const std::vector<int> all = pool.map(slow_square, std::vector{10, 20, 30});
    std::printf("%d %d %d\n", all[0], all[1], all[2]);

    std::atomic<int> done{0};
    for (int i = 0; i < 100; ++i) {
        pool.spawn([&done] { ++done; });
    }
    pool.join();
    std::printf("done: %d\n", done.load());
}
