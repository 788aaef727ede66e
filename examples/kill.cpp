// SPDX-License-Identifier: MIT
//
// Kill: ends a green thread from outside. It unwinds where it waits; a Shield defers the kill while something must be
// finished.

#include <chrono>
#include <cstdio>
#include <exception>

#include <tendril/greenlet.hpp>
#include <tendril/shield.hpp>

using namespace std::chrono_literals;

struct Guard {
    const char* what;
    ~Guard() { std::printf("%s: cleaned up\n", what); }
};

int main() {
    const auto worker = tendril::spawn([] {
        const Guard guard{"worker"};
        try {
            tendril::sleep(1h);
        } catch (const std::exception&) {
            std::printf("never printed: a kill is not a std::exception\n");
        }
    });
    tendril::yield();  // the worker begins, and sleeps
    worker.kill();     // returns when the worker has unwound
    std::printf("worker: killed %d\n", worker.killed());

    const auto writer = tendril::spawn([] {
        {
            const tendril::Shield shield;
            tendril::sleep(10ms);
            std::printf("writer: both halves are written\n");
        }
        tendril::yield();  // the kill is thrown here
        std::printf("never printed\n");
    });
    tendril::yield();
    std::printf("writer: ended in time %d\n", writer.kill(1ms));
    writer.join();
    try {
        writer.get();
    } catch (const tendril::GreenletKilled&) {
        std::printf("writer: get() says that it was killed\n");
    }
}
