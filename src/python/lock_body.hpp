// SPDX-License-Identifier: MIT
//
// What an object of tendril.Lock and RLock holds, for those that work with one.

#pragma once

#include "python/awaiting.hpp"
#include "python/python.hpp"

#include <tendril/lock.hpp>

namespace tendril::python {

template <class L>
struct LockBody {
    L lock;
    Waits waits;

    int traverse(visitproc visit, void* arg) const noexcept { return waits.traverse(visit, arg); }
    void clear() noexcept {}
};

}  // namespace tendril::python
