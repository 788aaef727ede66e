// SPDX-License-Identifier: MIT
//
// spin_once(): one round of a loop that waits for another OS thread without sleeping.

#pragma once

namespace tendril::detail {

inline void spin_once() noexcept {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("isb" ::: "memory");
#endif
}

}  // namespace tendril::detail
