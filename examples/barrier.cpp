// SPDX-License-Identifier: MIT
//
// A Barrier: workers compute in phases, and none begins one before all have ended the last. A WaitGroup: the end of
// all.

#include <cstddef>
#include <cstdio>
#include <vector>

#include <tendril/barrier.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/wait_group.hpp>

int main() {
    constexpr std::size_t parts = 4;
    std::vector<double> heat{0, 0, 0, 100};
    std::vector<double> next(parts);
    int phase = 0;
    tendril::Barrier barrier(parts, [&] {  // the last to come runs it, while all others wait
        heat = next;
        std::printf("phase %d: %g %g %g %g\n", ++phase, heat[0], heat[1], heat[2], heat[3]);
    });

    tendril::WaitGroup running;
    for (std::size_t i = 0; i < parts; ++i) {
        tendril::spawn_n([&, i, token = tendril::WaitGroup::Token(running)] {
            for (int n = 0; n < 3; ++n) {
                const double left = heat[i == 0 ? i : i - 1];
                const double right = heat[i == parts - 1 ? i : i + 1];
                next[i] = (left + 2 * heat[i] + right) / 4;
                barrier.wait();
            }
        });
    }
    running.wait();
    std::puts("all have ended");
}
