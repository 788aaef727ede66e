// SPDX-License-Identifier: MIT
//
// Lifecycle: the questions that a green thread's handle answers, from its spawning to its end by a value, an error, a
// kill or a cancel.

#include <chrono>
#include <cstdio>
#include <stdexcept>
#include <vector>

#include <tendril/greenlet.hpp>

using namespace std::chrono_literals;

void show(const char* when, const tendril::AnyGreenlet& g) {
    std::printf("%-18s started %d, ready %d, successful %d, killed %d\n", when, g.started(), g.ready(), g.successful(),
                g.killed());
}

int main() {
    const auto winner = tendril::spawn([] {
        tendril::yield();
        return 42;
    });
    show("spawned:", winner);
    tendril::yield();
    show("running:", winner);
    std::printf("value: %d\n", winner.get());
    show("ended:", winner);

    const auto loser = tendril::spawn([] { throw std::runtime_error("it went wrong"); });
    const tendril::Link link =
        loser.link_exception([](const tendril::AnyGreenlet&) { std::printf("link: an error\n"); });
    loser.join();  // does not throw: the error stays inside until get() is called
    show("failed:", loser);
    try {
        loser.get();
    } catch (const std::runtime_error& e) {
        std::printf("get: %s\n", e.what());
    }

    const auto later = tendril::spawn_after(1h, [] { std::printf("never printed\n"); });
    std::printf("cancelled: %d\n", later.cancel());
    const auto sleeper = tendril::spawn([] { tendril::sleep(1h); });
    tendril::yield();
    tendril::kill_all(std::vector<tendril::AnyGreenlet>{later, sleeper});
    show("cancelled one:", later);
    show("killed one:", sleeper);
}
