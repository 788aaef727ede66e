// SPDX-License-Identifier: MIT
//
// Cleaning up: a Timeout and a kill unwind like any exception, so destructors run. What must be finished, although it
// waits, stands under a Shield.

#include <chrono>
#include <cstdio>
#include <optional>
#include <stdexcept>

#include <tendril/channel.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/shield.hpp>
#include <tendril/timeout.hpp>

using namespace std::chrono_literals;

// A job that is begun and must be ended by a message, whatever happens in between.
class Job {
public:
    Job(const char* name, tendril::Channel<const char*>& log) : name_(name), log_(log) {
        std::printf("%s begins\n", name_);
    }
    Job(const Job&) = delete;
    Job& operator=(const Job&) = delete;
    ~Job() {
        const tendril::Shield shield;  // put() waits until the logger has it
        log_.put(name_);
    }

private:
    const char* name_;
    tendril::Channel<const char*>& log_;
};

int main() {
    tendril::Channel<const char*> log;
    const auto logger = tendril::spawn([&] {
        for (const char* name : log) {
            std::printf("%s is closed\n", name);
        }
    });

    const auto slow = [&](const char* name) {
        const Job job(name, log);
        tendril::sleep(1h);
        return 42;
    };

    // A limit for a whole piece of code; nothing when it was too slow.
    const std::optional<int> answer = tendril::with_timeout(20ms, slow, "the one with a limit");
    std::printf("%s\n", answer ? "in time" : "given up");

    // A kill from outside. catch (const std::exception&) does not see it.
    const auto victim = tendril::spawn([&] {
        try {
            slow("the one that is killed");
        } catch (const std::exception&) {
            std::puts("never printed");
        }
    });
    tendril::sleep(10ms);
    victim.kill();  // returns when it has unwound
    std::printf("killed: %d\n", victim.killed());

    log.shutdown();
    logger.get();
}
