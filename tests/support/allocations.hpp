// SPDX-License-Identifier: MIT
//
// Counts operator new, per OS thread, for the whole test program; exactly one file of it includes this. Leave it out of
// sanitizer builds, which have their own operator new.

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

// Not inlined, and one delete calls the other, so that valgrind knows which new and delete belong together.
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

// Returns the number of allocations of 100 rounds, after some rounds that warm up.
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

// Calls f with its first allocation refused, then with its second, and so on until f makes no more. f may throw
// std::bad_alloc; check() examines the state it left. Returns: how many allocations f makes.
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
