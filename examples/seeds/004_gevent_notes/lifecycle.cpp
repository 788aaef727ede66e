// SPDX-License-Identifier: MIT
//
// From spawn to the end: delays, kills, errors, timeouts. A subclass with _run() is any function here; what Python
// keeps in the object, a lambda captures.

#include <chrono>
#include <cstdio>
#include <stdexcept>
#include <string>

#include <tendril/greenlet.hpp>
#include <tendril/timeout.hpp>

using namespace std::chrono_literals;
using tendril::GreenletKilled;

const char* truth(bool value) {
    return value ? "True" : "False";
}

int main() {
    const auto g = tendril::spawn([message = "Hi there!", n = 10ms] {
        std::puts(message);
        tendril::sleep(n);
        return "done";
    });
    std::printf("started %s, ready %s\n", truth(g.started()), truth(g.ready()));
    g.join();
    std::printf("started %s, ready %s, successful %s, %s\n", truth(g.started()), truth(g.ready()),
                truth(g.successful()), g.get());

    const auto later = tendril::spawn_after(50ms, [] { std::puts("later"); });
    const auto now = tendril::spawn([] { std::puts("now"); });
    tendril::join_all({later, now});

    struct Cleanup {
        ~Cleanup() { std::puts("cleaned up"); }
    };
    const auto victim = tendril::spawn([] {
        const Cleanup cleanup;
        try {
            tendril::sleep(10s);
        } catch (const tendril::GreenletExit&) {
            std::puts("killed");
            throw;
        }
    });
    tendril::sleep();
    victim.kill();
    std::printf("ready %s, killed %s\n", truth(victim.ready()), truth(victim.killed()));

    const auto never = tendril::spawn([] { std::puts("not printed"); });
    never.kill();
    std::printf("ready %s, killed %s, started %s\n", truth(never.ready()), truth(never.killed()),
                truth(never.started()));

    const auto failing = tendril::spawn([] { throw std::runtime_error("an error that does not escape"); });
    failing.join();
    std::printf("ready %s, successful %s\n", truth(failing.ready()), truth(failing.successful()));
    try {
        failing.get();
    } catch (const std::runtime_error& error) {
        std::printf("get() raises: %s\n", error.what());
    }

    const auto winner = tendril::spawn([] { return "You win!"; });
    const tendril::Link won = winner.link_value([&](const auto&) { std::puts(winner.get()); });
    const tendril::Link lost = failing.link_exception([](const auto&) { std::puts("an error was linked"); });
    winner.join();
    tendril::sleep(10ms);

    const bool in_time = tendril::with_timeout(50ms, [] { tendril::sleep(10s); });
    std::printf("timed out: %s\n", truth(!in_time));
}
