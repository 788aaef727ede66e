// SPDX-License-Identifier: MIT
//
// Hibernation: stacks of one OS thread on which something waits for long, packed away in some hundred bytes each. Their
// pages are given back, and lie under a guard.
//
// 1. Nothing that lies on such a stack moves: all of it is put back at its place before anybody reads or writes it.
//    wake() does that, and the handler of SIGSEGV calls it when the guard is touched (context/overflow.cpp). So a
//    waiter, a timer or a control block there needs no care; a caller that expects to touch one calls wake() first,
//    which is cheaper.
// 2. Only the OS thread whose stack it is may touch it meanwhile, and no system call may: a touch by another OS thread
//    would end the program, a system call fails with EFAULT. So only waits that say so are packed away
//    (hub/drowsy.hpp).
// 3. It is not possible under a sanitizer or valgrind, where the kernel has no MADV_GUARD_INSTALL, and while another
//    handler of SIGSEGV is installed than ours.
//
// Words are packed, each by two bits that say which part of it must be kept.

#pragma once

#include <cstddef>
#include <cstdint>

#include "context/stack_pool.hpp"

namespace tendril::detail {

class Hibernation {
public:
    explicit Hibernation(StackPool& stacks) noexcept : stacks_(stacks) {}
    Hibernation(const Hibernation&) = delete;
    Hibernation& operator=(const Hibernation&) = delete;
    ~Hibernation();

    // Packs what lies from `lowest` on, and below it what a red zone may hold. Returns: false if that is not possible;
    // nothing has changed then. Requires: the stack is suspended, and not packed yet.
    bool put_away(StackTop& stack, const void* lowest) noexcept;

    // Puts back the stack whose pages contain the address. Returns: false if it is not packed away. May be called by
    // the handler of a fault, since what touches a stack is never the C library's allocator.
    bool wake(const void* at) noexcept { return count_ != 0 && unpack(at); }

    std::size_t count() const noexcept { return count_; }

private:
    struct Packed;
    bool unpack(const void* at) noexcept;

    StackPool& stacks_;  // whose chunks know what is packed of each stack
    std::size_t count_ = 0;
};

bool catches_faults() noexcept;  // whether the handler of SIGSEGV is ours: context/overflow.cpp

}  // namespace tendril::detail
