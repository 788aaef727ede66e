// SPDX-License-Identifier: MIT
//
// Counts operator new, per OS thread, for the whole test program of the one file that includes this. Sanitizer builds
// have their own operator new: leave it out there.

#pragma once

#include <cstddef>
#include <cstdlib>
#include <new>

namespace {
thread_local std::size_t allocations = 0;
thread_local bool refuse_allocations = false;
}  // namespace

// Not inlined, and one delete by the other: that is how valgrind knows which belong together.
[[gnu::noinline]] void* operator new(std::size_t size) {
    ++allocations;
    if (void* p = refuse_allocations ? nullptr : std::malloc(size)) {
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

}  // namespace
}  // namespace tendril
