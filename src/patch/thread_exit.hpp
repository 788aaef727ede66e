// SPDX-License-Identifier: MIT
//
// What a floor above knows better of the ends of threads.

#pragma once

namespace tendril::patch::detail {

// From now on, a thread whose pthread_exit() is called while `says_so()` is left suspended for good, and unwinds
// nothing; those who join it find that it has ended. For an interpreter that ends, and lets threads go that way out of
// the middle of code that must not be unwound. To be called once, before anything of the process is patched.
void leave_exiting_suspended(bool (*says_so)() noexcept) noexcept;

}  // namespace tendril::patch::detail
