// SPDX-License-Identifier: MIT
//
// Timeout: limits everything that a piece of code does, however many waits it has.

#include <chrono>
#include <cstdio>
#include <optional>

#include <tendril/greenlet.hpp>
#include <tendril/timeout.hpp>

using namespace std::chrono_literals;

// Takes `steps` waits of 2 ms.
int work(int steps) {
    for (int i = 0; i < steps; ++i) {
        tendril::sleep(2ms);
    }
    return steps;
}

int main() {
    // When a call's own deadline passes, the call returns that as its result.
    const auto job = tendril::spawn(work, 1000);
    std::printf("joined in time: %d\n", job.join(1ms));

    // A Timeout is thrown out of any wait while it lives; with_timeout() turns it into an empty result.
    const std::optional<int> quick = tendril::with_timeout(1h, work, 1);
    const std::optional<int> slow = tendril::with_timeout(1ms, work, 1000);
    std::printf("quick: %d, slow: %s\n", quick.value_or(0), slow ? "done" : "given up");

    // Timeouts nest: each scope catches only its own expiry.
    try {
        tendril::Timeout outer(1ms);
        tendril::with_timeout(1h, work, 1000);
        std::printf("never printed\n");
    } catch (const tendril::Timeout::Expired& e) {
        std::printf("outer: given up\n");
        std::fprintf(stderr, "%s\n", e.what());  // which Timeout, where it was made, and what it broke off
    }
    job.kill();
}
