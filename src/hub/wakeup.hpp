// SPDX-License-Identifier: MIT
//
// Wakeup: ends a backend's sleep from other OS threads, by an eventfd(2) that the backend watches.

#pragma once

#include <cstdint>

#include <tendril/fd.hpp>

#include "base/own_number.hpp"
#include "base/sys.hpp"

namespace tendril::detail {

class Wakeup {
public:
    Wakeup() : fd_(sys::checked(sys::eventfd(), "the hub cannot create its eventfd descriptor")) {}

    int fd() const noexcept { return fd_.get(); }

    // Wakes the backend. May be called from any OS thread.
    void wake() noexcept {
        const std::uint64_t one = 1;
        if (sys::write(fd_.get(), &one, sizeof one) == -EAGAIN) {  // the counter is full, after 2^64 wake-ups
            reset();
            sys::write(fd_.get(), &one, sizeof one);
        }
    }

    // Makes it unreadable again; only for a backend that is not persistent.
    void reset() noexcept {
        std::uint64_t count = 0;
        sys::read(fd_.get(), &count, sizeof count);
    }

private:
    Fd fd_;
    OwnNumber own_{fd_.get()};
};

}  // namespace tendril::detail
