// SPDX-License-Identifier: MIT
//
// CpuAlarm: a signal for an OS thread that computes, by timer_create(2) on its processor time. pthread_kill(3) would
// end a sleep or poll that the OS thread may just have begun; this goes off only once the OS thread uses the processor.

#pragma once

#include <pthread.h>
#include <sys/types.h>

#include <ctime>

namespace tendril::detail {

class CpuAlarm {
public:
    CpuAlarm() = default;
    CpuAlarm(const CpuAlarm&) = delete;
    CpuAlarm& operator=(const CpuAlarm&) = delete;
    ~CpuAlarm();

    // Sends the signal when the OS thread next computes, at most a clock tick later. Every call names the same OS
    // thread, which still runs. Returns: false if the kernel has no timer left.
    bool set(pthread_t thread, pid_t kernel_thread, int number) noexcept;

    // In a child, which inherits no timers.
    void forked() noexcept { made_ = false; }

private:
    timer_t timer_{};
    bool made_ = false;
};

}  // namespace tendril::detail
