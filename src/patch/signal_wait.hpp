// SPDX-License-Identifier: MIT
//
// The hooks of the calls that wait for signals.
//
// sigwait(3) and its kin park on a signalfd. As the system demands, the signals must be blocked, in the OS thread.
// sigsuspend(2) changes the OS thread's mask while its caller is parked: for the other green threads, too. It and
// pause(2) return when a handler has run that patched code installed.

#pragma once

#include <csignal>
#include <ctime>

namespace tendril::patch::detail {

int wait_for_signal(const sigset_t* set, int* number) noexcept;
int wait_for_signal_info(const sigset_t* set, siginfo_t* info) noexcept;
int wait_for_signal_until(const sigset_t* set, siginfo_t* info, const timespec* timeout) noexcept;
int suspend_for_signal(const sigset_t* mask) noexcept;
int pause_for_signal() noexcept;

}  // namespace tendril::patch::detail
