// SPDX-License-Identifier: MIT
//
// GreenPthread: what a green thread is to code that uses POSIX threads.
//
// A pthread_t of a green thread is the address of one. Functions of the C library that are not patched may get it, so
// it begins with readable memory in which they find no thread: its kernel number is 0.
//
//     | zeros, longer than the C library's struct pthread | GreenPthread |
//
// 1. Green threads that pthread_create() made have one from the beginning; others, when they first need one. The main
//    green thread of an OS thread has none: it is the C library's thread.
// 2. It is known (find()) from then until its green thread has ended, and if it is joinable, has been joined.
//    Then its memory is kept for the next one, within a bound.
// 3. Its owner alone writes it, but for what `joining` guards: the mutex of all of them.

#pragma once

#include <pthread.h>
#include <signal.h>
#include <unwind.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include <tendril/detail/hub/local_value.hpp>

#include "context/stack_chunk.hpp"
#include "patch/key_values.hpp"
#include "patch/signal_actions.hpp"
#include "patch/thread_locals.hpp"

namespace tendril::patch::detail {

enum class Joining : std::uint8_t {
    joinable,
    being_joined,
    detached,  // its green thread frees it
};

class GreenPthread : public tendril::detail::LocalValue {
public:
    // Constant, once its green thread runs.
    pthread_t os_thread{};  // the one that runs it
    std::uint64_t id = 0;   // of the green thread
    tendril::detail::StackBounds stack{};
    void* (*start)(void*) = nullptr;  // nullptr: not made by pthread_create()
    void* argument = nullptr;

    // The green thread's own.
    KeyValues values;
    ThreadLocals thread_locals;
    sigset_t blocked{};
    sigset_t held_back{};  // signals that came for it while they were blocked
    int cancel_state = PTHREAD_CANCEL_ENABLE;
    int cancel_type = PTHREAD_CANCEL_DEFERRED;
    void* cleanups = nullptr;  // of C code: the innermost __pthread_unwind_buf_t
    bool exits = false;        // by pthread_exit()
    _Unwind_Exception unwinding{};

    // Guarded by the mutex of all.
    Joining joining = Joining::joinable;
    bool has_begun = false;
    bool has_ended = false;
    void* result = nullptr;
    std::array<char, 16> name{};

    // For pthread_create(), or without a function. Throws: std::bad_alloc.
    static GreenPthread* make(void* (*run)(void*) = nullptr, void* with = nullptr);
    GreenPthread(const GreenPthread&) = delete;
    GreenPthread& operator=(const GreenPthread&) = delete;

    pthread_t handle() const noexcept { return reinterpret_cast<pthread_t>(this) - zeros; }

    // Makes it the running green thread's, until that ends.
    void begin() noexcept;
    // For its own green thread, which never runs again: those who join it find that it has ended.
    void end_suspended() noexcept;

private:
    static constexpr std::size_t zeros = 2816;

    GreenPthread(void* (*run)(void*), void* with) noexcept;
    void destroy_values() noexcept;
    void tell_joiners() noexcept;
    static void end(tendril::detail::LocalValue* value) noexcept;
    friend struct GreenPthreads;
    ~GreenPthread() = default;
};

// Returns that of the running green thread; nullptr: it has none yet, or is a main green thread, or no green thread.
GreenPthread* green_self_if_any() noexcept;
// Whether the caller is a green thread other than a main one.
bool is_other_than_main() noexcept;
// Returns that of the running green thread, making it if need be. nullptr: a main green thread, or no memory.
GreenPthread* green_self() noexcept;

// Forgets one that never began.
void discard(GreenPthread& thread) noexcept;

// While one lives, the mutex of all is held.
class KnownThreads {
public:
    KnownThreads() noexcept;  // takes the mutex
    KnownThreads(const KnownThreads&) = delete;
    KnownThreads& operator=(const KnownThreads&) = delete;
    ~KnownThreads();

    // Returns: nullptr: it is the C library's, or was one.
    GreenPthread* find(pthread_t thread) noexcept;
    std::size_t running() const noexcept;  // those of pthread_create() that have not ended
    void free(GreenPthread& thread) noexcept;

private:
    HandlersLater later_;  // which may call pthread_kill() and pthread_sigmask(): they need the mutex
};

// What is waited for in the parking lot until a thread has ended, and until all have.
inline const void* end_of(pthread_t thread) noexcept {
    return reinterpret_cast<const void*>(thread);
}
const void* end_of_all() noexcept;

}  // namespace tendril::patch::detail
