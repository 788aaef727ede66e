// SPDX-License-Identifier: MIT
//
// What the tests of this floor share.

#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <system_error>

#include "base/sys.hpp"
#include "errno_of.hpp"

namespace tendril::testing {

// No child of this process is left: none that lives, and no zombie.
inline bool no_child_left() {
    siginfo_t info;
    return sys::waitid(P_ALL, 0, info, WEXITED | WNOHANG | WNOWAIT) == -ECHILD;
}

// Is there a child that has ended and that nobody has waited for?
inline bool is_zombie(pid_t pid) {
    siginfo_t info;
    return sys::waitid(P_PID, static_cast<id_t>(pid), info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == pid;
}

// While it lives the n-th call (from 1) that `concerns` accepts fails.
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
