// SPDX-License-Identifier: MIT
//
// Reserve: a descriptor that is held for the time when none is left. It is given up for those who wait in a listener's
// backlog then: they are accepted with its number and reset, so that they learn that they are not served.

#pragma once

#include <cstddef>

#include <tendril/fd.hpp>

namespace tendril::detail {

class Reserve {
public:
    // Has one, if there is one to be had. Cost: nothing when it has.
    void hold() noexcept {
        if (!fd_.is_open()) {
            take();
        }
    }

    // Resets those who wait, so many at most. Returns: how many; 0 also without a reserve.
    std::size_t refuse(int listener, std::size_t most) noexcept;

private:
    void take() noexcept;
    Fd fd_;
};

}  // namespace tendril::detail
