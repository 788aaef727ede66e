// SPDX-License-Identifier: MIT
//
// nanosleep, clock_nanosleep, usleep, sleep.

#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "base/libc.hpp"
#include "patch/blocking.hpp"
#include "patch/hooks.hpp"
#include "patch/real_calls.hpp"

namespace tendril::patch::detail {

using tendril::detail::libc;

namespace {

constexpr std::int64_t second_ns = 1'000'000'000;
constexpr std::int64_t most_seconds = INT64_MAX / second_ns - 1;

bool valid(const timespec& time) noexcept {
    return time.tv_sec >= 0 && time.tv_nsec >= 0 && time.tv_nsec < second_ns;
}
std::int64_t in_ns(const timespec& time) noexcept {
    return std::min<std::int64_t>(time.tv_sec, most_seconds) * second_ns + time.tv_nsec;
}

// Sleeps. Returns: 0, EINTR or ECANCELED; left_ns: what is left then.
int sleep_ns(std::int64_t ns, std::int64_t& left_ns) noexcept {
    left_ns = 0;
    if (ns <= 0) {
        spend();
        return 0;
    }
    const int before = errno;
    const Deadline end = Deadline::after(Deadline::now_ns(), std::chrono::nanoseconds(ns));
    const Wait how = await_time(end);
    errno = before;
    if (how == Wait::timed_out) {
        return 0;
    }
    left_ns = std::max<std::int64_t>(end.ns() - Deadline::now_ns(), 0);
    return how == Wait::signalled ? EINTR : ECANCELED;
}

void tell_left(timespec* left, std::int64_t ns) noexcept {
    if (left != nullptr) {
        *left = {ns / second_ns, ns % second_ns};
    }
}

int nanosleep(const timespec* time, timespec* left) noexcept {
    if (time == nullptr || !valid(*time) || !may_park()) {
        return libc.nanosleep(time, left);
    }
    std::int64_t left_ns = 0;
    if (const int error = sleep_ns(in_ns(*time), left_ns); error != 0) {
        tell_left(left, left_ns);
        errno = error;
        return -1;
    }
    return 0;
}

// A time of a clock that can be set is asked again after at most this long.
constexpr std::int64_t settable_ns = second_ns;

int clock_nanosleep(clockid_t clock, int flags, const timespec* time, timespec* left) noexcept {
    const bool known = clock == CLOCK_REALTIME || clock == CLOCK_MONOTONIC || clock == CLOCK_BOOTTIME;
    if (time == nullptr || !valid(*time) || !known || !may_park()) {
        return real.clock_nanosleep(clock, flags, time, left);
    }
    std::int64_t left_ns = 0;
    if ((flags & TIMER_ABSTIME) == 0) {
        const int error = sleep_ns(in_ns(*time), left_ns);
        if (error != 0) {
            tell_left(left, left_ns);
        }
        return error;
    }
    for (;;) {
        timespec now{};
        ::clock_gettime(clock, &now);
        const std::int64_t rest = in_ns(*time) - in_ns(now);
        const std::int64_t step = clock == CLOCK_REALTIME ? std::min(rest, settable_ns) : rest;
        if (const int error = sleep_ns(step, left_ns); error != 0 || step == rest) {
            return error;
        }
    }
}

int usleep(useconds_t time) noexcept {
    if (!may_park()) {
        return real.usleep(time);
    }
    std::int64_t left_ns = 0;
    if (const int error = sleep_ns(std::int64_t{time} * 1000, left_ns); error != 0) {
        errno = error;
        return -1;
    }
    return 0;
}

unsigned sleep(unsigned seconds) noexcept {
    if (!may_park()) {
        return real.sleep(seconds);
    }
    std::int64_t left_ns = 0;
    if (const int error = sleep_ns(seconds * second_ns, left_ns); error != 0) {
        errno = error;
    }
    return static_cast<unsigned>((left_ns + second_ns / 2) / second_ns);  // as glibc: rounded
}

}  // namespace

Hooks sleep_hooks() noexcept {
    static const std::array hooks{
        Hook("nanosleep", Class::sleep, &patch::detail::nanosleep),
        Hook("__nanosleep", Class::sleep, &patch::detail::nanosleep),
        Hook("clock_nanosleep", Class::sleep, &patch::detail::clock_nanosleep),
        Hook("usleep", Class::sleep, &patch::detail::usleep),
        Hook("sleep", Class::sleep, &patch::detail::sleep),
    };
    return hooks;
}

}  // namespace tendril::patch::detail
