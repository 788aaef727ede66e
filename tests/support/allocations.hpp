// SPDX-License-Identifier: MIT
//
// Counts operator new, per OS thread, for the whole test program of the one file that includes this. Sanitizer builds
// have their own operator new: leave it out there.

#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <utility>

namespace {
thread_local std::size_t allocations = 0;
thread_local bool refuse_allocations = false;
thread_local std::size_t allocations_left = SIZE_MAX;  // until one is refused
}  // namespace

// Not inlined, and one delete by the other: that is how valgrind knows which belong together.
[[gnu::noinline]] void* operator new(std::size_t size) {
    ++allocations;
    const bool refuse = refuse_allocations || (allocations_left != SIZE_MAX && allocations_left-- == 0);
    if (void* p = refuse ? nullptr : std::malloc(size)) {
        return p;
    }
    throw std::bad_alloc();
}

[[gnu::noinline]] void operator delete(void* p) noexcept {
    std::free(p);
}

[[gnu::noinline]] void operator delete(void* p, std::size_t) noexcept {
    ::operator delete(p);
}

namespace tendril {
namespace {

// How much 100 rounds allocate, after some that warm up.
template <class F>
std::size_t allocated_by(F round) {
    for (int i = 0; i < 10; ++i) {
        round();
    }
    const std::size_t before = allocations;
    for (int i = 0; i < 100; ++i) {
        round();
    }
    return allocations - before;
}

// Calls f with its first allocation refused, then with its second, and so on until it makes no more. f may throw
// std::bad_alloc; check() sees what it left behind. Returns: how many allocations it makes.
template <class F, class Check>
std::size_t at_each_allocation(F f, Check check) {
    for (std::size_t n = 0;; ++n) {
        allocations_left = n;
        try {
            f();
        } catch (const std::bad_alloc&) {
        }
        const bool refused = std::exchange(allocations_left, SIZE_MAX) == SIZE_MAX;
        check();
        if (!refused) {
            return n;
        }
    }
}

}  // namespace
}  // namespace tendril
