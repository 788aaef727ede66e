// SPDX-License-Identifier: MIT
//
// Timer: an entry of a hub's timer heap; lives where its owner lives.

#pragma once

#include <cstdint>

namespace tendril::detail {

// Its owner must cancel an armed timer before destroying it.
struct Timer {
    static constexpr std::uint32_t unarmed = UINT32_MAX;

    void (*fire)(Timer&) noexcept;  // called when due, already disarmed
    std::uint32_t number = unarmed;

    explicit Timer(void (*f)(Timer&) noexcept) noexcept : fire(f) {}
    bool armed() const noexcept { return number != unarmed; }
};

}  // namespace tendril::detail
