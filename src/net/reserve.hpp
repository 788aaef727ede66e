// SPDX-License-Identifier: MIT
//
// Reserve: a descriptor held in reserve for the time when the process has none left. Its number then serves to accept
// and reset the clients that wait in a listener's backlog, so that they learn that they are not served.

#pragma once

#include <cstddef>

#include <tendril/fd.hpp>

namespace tendril::detail {

class Reserve {
public:
    // Opens the reserve descriptor unless it is open; may fail silently. Free when it is open.
    void hold() noexcept {
        if (!fd_.is_open()) {
            take();
        }
    }

    // Accepts and resets waiting clients, `most` at most. Returns: how many; 0 also without a reserve.
    std::size_t refuse(int listener, std::size_t most) noexcept;

private:
    void take() noexcept;
    Fd fd_;
};

}  // namespace tendril::detail
