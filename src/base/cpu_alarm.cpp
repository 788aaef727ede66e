// SPDX-License-Identifier: MIT

#include "base/cpu_alarm.hpp"

#include <csignal>

#include "base/libc.hpp"

namespace tendril::detail {

CpuAlarm::~CpuAlarm() {
    if (made_) {
        ::timer_delete(timer_);
    }
}

bool CpuAlarm::set(pthread_t thread, pid_t kernel_thread, int number) noexcept {
    if (!made_) {
        clockid_t clock{};
        sigevent event{};
        event.sigev_notify = SIGEV_THREAD_ID;
        event.sigev_signo = number;
        event._sigev_un._tid = kernel_thread;  // glibc has no other name for it before 2.39
        made_ = libc.pthread_getcpuclockid(thread, &clock) == 0 && ::timer_create(clock, &event, &timer_) == 0;
    }
    constexpr itimerspec soon{.it_interval = {}, .it_value = {.tv_sec = 0, .tv_nsec = 1}};
    return made_ && ::timer_settime(timer_, 0, &soon, nullptr) == 0;
}

}  // namespace tendril::detail
