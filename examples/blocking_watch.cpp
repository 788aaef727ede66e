// SPDX-License-Identifier: MIT
//
// The blocking watch: reports which green thread holds the hub, so that no other can run.

#include <tendril/blocking_watch.hpp>
#include <tendril/greenlet.hpp>

#include <atomic>
#include <chrono>
#include <iostream>

using namespace std::chrono_literals;

int main() {
    std::atomic<bool> told{false};
    tendril::set_blocking_watch(50ms, [&](const tendril::BlockReport& report) {
        // The report also says for how long, where the green thread was spawned, and in which calls it is.
        std::cout << "\"" << report.name << "\" holds the hub\n";
        told = true;
    });

    const auto heartbeat = tendril::spawn([] {
        for (;;) {
            tendril::sleep(10ms);
        }
    });
    const auto hog = tendril::spawn({.name = "hog"}, [&] {
        while (!told) {  // neither waits nor yields, so there is no heartbeat meanwhile
        }
    });
    hog.join();
    heartbeat.kill();
    tendril::set_blocking_watch(0ms);
}
