// SPDX-License-Identifier: MIT
//
// Helpers for tests of child processes.

#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <system_error>

#include "base/sys.hpp"
#include "errno_of.hpp"

namespace tendril::testing {

// Whether this process has no child left, neither a live one nor a zombie.
inline bool no_child_left() {
    siginfo_t info;
    return sys::waitid(P_ALL, 0, info, WEXITED | WNOHANG | WNOWAIT) == -ECHILD;
}

// Whether the process is a child that has ended and was not reaped.
inline bool is_zombie(pid_t pid) {
    siginfo_t info;
    return sys::waitid(P_PID, static_cast<id_t>(pid), info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == pid;
}

// While it lives, fails the n-th call (from 1) that `concerns` accepts.
class FailNth {
public:
    FailNth(bool (*concerns)(sys::Call), int n, int error) {
        concerns_ = concerns;
        left_ = n;
        error_ = error;
        sys::set_fault_hook(
            [](sys::Call call, int) noexcept -> sys::Fault { return concerns_(call) && --left_ == 0 ? error_ : 0; });
    }
    FailNth(const FailNth&) = delete;
    FailNth& operator=(const FailNth&) = delete;
    ~FailNth() { sys::set_fault_hook(nullptr); }
    bool happened() const { return left_ <= 0; }

private:
    static inline bool (*concerns_)(sys::Call) = nullptr;
    static inline std::atomic<int> left_ = 0;
    static inline int error_ = 0;
};

}  // namespace tendril::testing
