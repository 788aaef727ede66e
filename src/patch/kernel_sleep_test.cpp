// SPDX-License-Identifier: MIT
//
// The calls that sleep, against the kernel.

#include <cerrno>
#include <ctime>

#include "scene.hpp"

using namespace std::chrono_literals;

namespace tendril::patch::testing {
namespace {

using Clock = std::chrono::steady_clock;

TENDRIL_SCENE(KernelSleep, SleepsAsLongAsAsked) {
    const timespec span = to_timespec(15ms);
    timespec left{.tv_sec = 3, .tv_nsec = 4};
    auto start = Clock::now();
    me.saw("nanosleep", me.call.nanosleep(&span, &left));
    me.noted_span(start, 15ms);
    me.saw("left", left.tv_sec * 10 + left.tv_nsec);
    me.saw("nanosleep", me.call.nanosleep(&span, nullptr));
    start = Clock::now();
    me.saw("usleep", me.call.usleep(15'000));
    me.noted_span(start, 15ms);
    me.saw("usleep", me.call.usleep(0));
    start = Clock::now();
    me.saw("clock_nanosleep", me.call.clock_nanosleep(CLOCK_MONOTONIC, 0, &span, nullptr));
    me.noted_span(start, 15ms);
    me.saw("sleep", me.call.sleep(0));
}

TENDRIL_SCENE(KernelSleep, SleepsUntilATime) {
    for (const clockid_t clock : {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME}) {
        const auto start = Clock::now();
        timespec end{};
        ::clock_gettime(clock, &end);
        end.tv_nsec += 15'000'000;
        if (end.tv_nsec >= 1'000'000'000) {
            end.tv_nsec -= 1'000'000'000;
            ++end.tv_sec;
        }
        me.saw("clock_nanosleep", me.call.clock_nanosleep(clock, TIMER_ABSTIME, &end, nullptr));
        me.noted_span(start, 14ms);
        me.saw("past", me.call.clock_nanosleep(clock, TIMER_ABSTIME, &end, nullptr));
    }
}

TENDRIL_SCENE(KernelSleep, RefusesBadArguments) {
    timespec bad{.tv_sec = 0, .tv_nsec = 1'000'000'000};
    me.saw("nanosleep", me.call.nanosleep(&bad, nullptr));
    me.saw("clock_nanosleep", me.call.clock_nanosleep(CLOCK_MONOTONIC, 0, &bad, nullptr));
    bad = {.tv_sec = -1, .tv_nsec = 0};
    me.saw("nanosleep", me.call.nanosleep(&bad, nullptr));
    me.saw("clock_nanosleep", me.call.clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &bad, nullptr));
    const timespec span = to_timespec(1ms);
    me.saw("clock_nanosleep", me.call.clock_nanosleep(1000, 0, &span, nullptr));
    me.saw("clock_nanosleep", me.call.clock_nanosleep(CLOCK_THREAD_CPUTIME_ID, 0, &span, nullptr));
    me.saw("nanosleep", me.call.nanosleep(reinterpret_cast<const timespec*>(nowhere()), nullptr));
}

}  // namespace
}  // namespace tendril::patch::testing
