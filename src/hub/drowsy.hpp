// SPDX-License-Identifier: MIT
//
// Drowsy: while it lives, the next wait of the green thread that made it is one for long: its stack is packed away
// (context/hibernation.hpp) as soon as the hub has nothing else to do, and put back at the wake-up.
//
// Requires: meanwhile no other OS thread, and no system call, reads or writes what lies on that stack. So nothing in a
// wait for another OS thread. Does nothing where the green thread is main, a daemon, or runs in a raw context.

#pragma once

#include <tendril/detail/base/list.hpp>

namespace tendril::detail {

struct Fiber;

class Drowsy : private ListNode {
public:
    Drowsy() noexcept;
    Drowsy(const Drowsy&) = delete;
    Drowsy& operator=(const Drowsy&) = delete;
    ~Drowsy() { unlink(); }

private:
    friend struct HubCore;
    friend class List<Drowsy>;
    Fiber* fiber_;
};

}  // namespace tendril::detail
