// SPDX-License-Identifier: MIT
//
// SignalsBlocked: while it lives, this OS thread takes no signals except those of its own faults. An OS thread that is
// started meanwhile inherits that for good: the program's signals should not go to threads it does not know.

#pragma once

#include <signal.h>

#include "base/libc.hpp"

namespace tendril::detail {

class SignalsBlocked {
public:
    SignalsBlocked() noexcept {
        sigset_t blocked;
        ::sigfillset(&blocked);
        for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT}) {
            ::sigdelset(&blocked, fault);
        }
        libc.pthread_sigmask(SIG_SETMASK, &blocked, &before_);
    }
    SignalsBlocked(const SignalsBlocked&) = delete;
    SignalsBlocked& operator=(const SignalsBlocked&) = delete;
    ~SignalsBlocked() { libc.pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

private:
    sigset_t before_;
};

}  // namespace tendril::detail
