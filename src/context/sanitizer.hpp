// SPDX-License-Identifier: MIT
//
// What ASan, TSan and valgrind must know of stacks and switches. In a plain build everything here is empty.

#pragma once

#include <cstddef>

#include "base/sanitizers.hpp"

#ifdef TENDRIL_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#include <sanitizer/lsan_interface.h>
#endif
#ifdef TENDRIL_TSAN
#include <sanitizer/tsan_interface.h>
#endif
#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#define TENDRIL_VALGRIND 1
#endif

namespace tendril::detail {

// A physical stack, as the sanitizers see it.
struct StackBounds {
    const void* bottom = nullptr;  // lowest address
    std::size_t size = 0;
    bool contains(const void* at) const noexcept {
        return at >= bottom && at < static_cast<const char*>(bottom) + size;
    }
#ifdef TENDRIL_TSAN
    void* tsan_fiber = nullptr;
#endif
#ifdef TENDRIL_VALGRIND
    unsigned valgrind_id = 0;
#endif
};

inline bool under_valgrind() noexcept {
#ifdef TENDRIL_VALGRIND
    return RUNNING_ON_VALGRIND != 0;
#else
    return false;
#endif
}

// Announces a new stack; not called for an OS thread's own.
inline void announce_stack([[maybe_unused]] StackBounds& stack) noexcept {
#ifdef TENDRIL_VALGRIND
    stack.valgrind_id = VALGRIND_STACK_REGISTER(stack.bottom, static_cast<const char*>(stack.bottom) + stack.size);
#endif
}

inline void retire_stack([[maybe_unused]] StackBounds& stack) noexcept {
#ifdef TENDRIL_ASAN
    __asan_unpoison_memory_region(stack.bottom, stack.size);  // if abandoned in use: its addresses may be reused
#endif
#ifdef TENDRIL_VALGRIND
    VALGRIND_STACK_DEREGISTER(stack.valgrind_id);
#endif
}

// Marks a stack on which nothing will run again; objects referred to only from there do not count as leaked.
inline void abandon_stack([[maybe_unused]] const StackBounds& stack) noexcept {
#ifdef TENDRIL_ASAN
    __lsan_register_root_region(stack.bottom, stack.size);
#endif
}

#ifdef TENDRIL_TSAN
inline void destroy_tsan_fiber(void*& fiber) noexcept {
    if (fiber != nullptr) {
        __tsan_destroy_fiber(fiber);
        fiber = nullptr;
    }
}
#endif

// To be called before a flow of control begins on a stack that may have been used before. The last flow left its entry
// frame without returning, so ASan may treat that frame's variables as out of scope, and TSan could not destroy the
// fiber that ran.
inline void begin_use([[maybe_unused]] StackBounds& stack) noexcept {
#ifdef TENDRIL_ASAN
    __asan_unpoison_memory_region(stack.bottom, stack.size);
#endif
#ifdef TENDRIL_TSAN
    destroy_tsan_fiber(stack.tsan_fiber);
    stack.tsan_fiber = __tsan_create_fiber(0);
#endif
}

}  // namespace tendril::detail
