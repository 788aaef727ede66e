// SPDX-License-Identifier: MIT
//
// errno_of(f): returns the code of the std::system_error that f throws; 0 if it throws nothing.

#pragma once

#include <system_error>

namespace tendril::testing {

template <class F>
int errno_of(F f) {
    try {
        f();
        return 0;
    } catch (const std::system_error& e) {
        return e.code().value();
    }
}

}  // namespace tendril::testing
