// SPDX-License-Identifier: MIT
//
// The hook for syscall(2): futexes of code that has locks of its own. Other numbers are passed on.
//
// A futex may wake without a cause, so those that would be moved to another word are woken instead.

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdarg>
#include <cstdint>

#include "base/libc.hpp"
#include "patch/green.hpp"
#include "patch/hooks.hpp"
#include "patch/parking_lot.hpp"
#include "patch/posix_clock.hpp"

namespace tendril::patch::detail {

namespace {

using tendril::detail::libc;

struct Futex {
    std::uint32_t* word;
    long operation;
    std::uint32_t value;
    long fourth;  // a time, or a number
    std::uint32_t* second_word;
    std::uint32_t bits;

    long command() const noexcept { return operation & FUTEX_CMD_MASK; }
    bool is_shared() const noexcept { return (operation & FUTEX_PRIVATE_FLAG) == 0; }
};

long failed(int error) noexcept {
    errno = error;
    return -1;
}

// Requires: may_park().
long wait_for(const Futex& call, std::uint32_t bits) noexcept {
    if ((reinterpret_cast<std::uintptr_t>(call.word) & 3) != 0 || bits == 0) {
        return failed(EINVAL);
    }
    Deadline deadline;
    if (const auto* time = reinterpret_cast<const timespec*>(call.fourth); time != nullptr) {
        if (!valid_time(*time) || time->tv_sec < 0) {
            return failed(EINVAL);
        }
        const bool realtime = (call.operation & FUTEX_CLOCK_REALTIME) != 0;
        deadline = call.command() == FUTEX_WAIT ? deadline_after(*time)
                                                : deadline_of(realtime ? CLOCK_REALTIME : CLOCK_MONOTONIC, *time);
    }
    Parked parked(call.word, Sought::futex_word, "futex", bits);
    if (__atomic_load_n(call.word, __ATOMIC_SEQ_CST) != call.value) {
        if (parked.leave()) {
            wake(call.word, Sought::futex_word);
        }
        return failed(EAGAIN);
    }
    // It may be woken by code that is not patched: then it wakes by itself, without a cause, as POSIX's waits may.
    Patience patience = call.is_shared() ? Patience::short_one() : Patience::long_one();
    for (;;) {
        const Deadline look_again = patience.next();
        const Outcome outcome = parked.wait(std::min(deadline, look_again), Breaks::interrupt_or_signal);
        if (parked.woken()) {
            return 0;
        }
        switch (outcome) {
        case Outcome::interrupted:
            return failed(ECANCELED);
        case Outcome::closed:
            return failed(EINTR);
        default:
            if (deadline <= look_again) {
                return failed(ETIMEDOUT);
            }
            if (__atomic_load_n(call.word, __ATOMIC_SEQ_CST) != call.value) {
                return 0;
            }
        }
    }
}

std::size_t most(std::uint32_t count) noexcept {
    return static_cast<std::int32_t>(count) < 0 ? INT_MAX : count;
}

// Wakes up to `count` in all: of the parking lot first.
long wake_some(const Futex& call, std::uint32_t bits) noexcept {
    const std::size_t parked = wake(call.word, Sought::futex_word, most(call.value), bits).count;
    if (parked >= most(call.value) && call.value != 0) {
        return static_cast<long>(parked);
    }
    const long others = libc.syscall(SYS_futex, call.word, call.operation, call.value - parked, call.fourth,
                                     call.second_word, call.bits);
    return others < 0 ? others : others + static_cast<long>(parked);
}

// FUTEX_REQUEUE, FUTEX_CMP_REQUEUE, FUTEX_WAKE_OP: the system does it first, for it compares or changes a word.
long wake_by_two(const Futex& call) noexcept {
    const long others =
        libc.syscall(SYS_futex, call.word, call.operation, call.value, call.fourth, call.second_word, call.bits);
    if (others < 0) {
        return others;
    }
    std::size_t parked = 0;
    if (call.command() == FUTEX_WAKE_OP) {
        parked = wake(call.word, Sought::futex_word, most(call.value)).count +
                 wake(call.second_word, Sought::futex_word, most(static_cast<std::uint32_t>(call.fourth))).count;
    } else {
        parked =
            wake(call.word, Sought::futex_word, most(call.value) + most(static_cast<std::uint32_t>(call.fourth))).count;
    }
    return others + static_cast<long>(parked);
}

long futex(const Futex& call) noexcept {
    const auto pass_on = [&] {
        return libc.syscall(SYS_futex, call.word, call.operation, call.value, call.fourth, call.second_word, call.bits);
    };
    switch (call.command()) {
    case FUTEX_WAIT:
        return may_park() ? wait_for(call, ~0U) : pass_on();
    case FUTEX_WAIT_BITSET:
        return may_park() ? wait_for(call, call.bits) : pass_on();
    case FUTEX_WAKE:
        return wake_some(call, ~0U);
    case FUTEX_WAKE_BITSET:
        return wake_some(call, call.bits);
    case FUTEX_REQUEUE:
    case FUTEX_CMP_REQUEUE:
    case FUTEX_WAKE_OP:
        return wake_by_two(call);
    default:
        return pass_on();
    }
}

long any_syscall(long number, ...) {
    va_list list;
    va_start(list, number);
    long arguments[6];
    for (long& each : arguments) {
        each = va_arg(list, long);
    }
    va_end(list);
    if (number == SYS_futex && plain_here.signals == 0) {
        return futex({reinterpret_cast<std::uint32_t*>(arguments[0]), static_cast<int>(arguments[1]),
                      static_cast<std::uint32_t>(arguments[2]), arguments[3],
                      reinterpret_cast<std::uint32_t*>(arguments[4]), static_cast<std::uint32_t>(arguments[5])});
    }
    return libc.syscall(number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5]);
}

}  // namespace

Hooks futex_hooks() noexcept {
    static const Hook hooks[] = {{"syscall", Class::sync, &any_syscall}};
    return hooks;
}

}  // namespace tendril::patch::detail
