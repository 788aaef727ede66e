// SPDX-License-Identifier: MIT
//
// What an object of tendril.Lock and RLock holds, for those that work with one.

#pragma once

#include "python/python.hpp"

#include <tendril/lock.hpp>

namespace tendril::python {

template <class L>
struct LockBody {
    L lock;

    static int traverse(visitproc /*visit*/, void* /*arg*/) noexcept { return 0; }
    void clear() noexcept {}
};

}  // namespace tendril::python
