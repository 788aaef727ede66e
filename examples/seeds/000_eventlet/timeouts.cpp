// SPDX-License-Identifier: MIT
//
// Timeout: throws itself, another exception, or leaves its block. A destructor cannot swallow what flies through it, so
// `with Timeout(s, False)` is the function with_timeout().

#include <chrono>
#include <cstdio>
#include <stdexcept>

#include <tendril/greenlet.hpp>
#include <tendril/timeout.hpp>

using namespace std::chrono_literals;
using tendril::Timeout;

int main() {
    {
        Timeout timeout(20ms);
        try {
            tendril::sleep(10s);
        } catch (const Timeout::Expired& raised) {
            std::printf("raised itself: %s 0.02 seconds\n", timeout.threw(raised) ? "True" : "False");
        }
    }
    try {
        const Timeout timeout(20ms, std::make_exception_ptr(std::runtime_error("too slow")));
        tendril::sleep(10s);
    } catch (const std::runtime_error& error) {
        std::puts(error.what());
    }
    const bool in_time = tendril::with_timeout(20ms, [] {
        tendril::sleep(10s);
        std::puts("not printed");
    });
    if (in_time) {
        std::puts("not printed either");
    }
    {
        const Timeout never(tendril::never);
        tendril::sleep(10ms);
    }
    {
        const Timeout long_enough(10s);
        tendril::sleep(10ms);
    }
    std::puts("in time");

    const auto slow = [] {
        tendril::sleep(10s);
        return "a value in time";
    };
    std::puts(tendril::with_timeout(20ms, slow, "a value instead"));
}
