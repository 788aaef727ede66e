// SPDX-License-Identifier: MIT

#include "base/fork_gate.hpp"

#include <pthread.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <new>

#include "base/libc.hpp"
#include "base/sys.hpp"

namespace tendril::detail::fork_gate {

namespace {

// How many OS threads are in a section, in parts. A part is raised before `closed` is read, and read after `closed` is
// written: either the section's OS thread sees the closed gate and withdraws, or the forking one sees the section.
//
// Most OS threads have a part of their own: they raise it by a plain store, and the forking one makes all of them pass
// a barrier between its store and its loads (membarrier). The others share some, so that they seldom meet on a cache
// line, and raise them in the single order of seq_cst.
struct alignas(64) Part {
    std::atomic<std::uint32_t> inside{0};
    std::atomic<bool> owned{false};  // only of an own part
};
constexpr std::size_t own_count = 64;
constexpr std::size_t shared_count = 32;
constinit std::array<Part, own_count> own_parts;
constinit std::array<Part, shared_count> shared_parts;
constinit std::atomic<std::uint32_t> closed{0};
constinit pthread_mutex_t one_fork = PTHREAD_MUTEX_INITIALIZER;  // held while the gate is closed

enum class Barriers : std::uint8_t { unknown, none, some };
constinit std::atomic<Barriers> barriers{Barriers::unknown};

// The forking OS thread may begin sections while it keeps the gate closed, in other fork handlers before or after ours.
// They count in no part.
struct Here {
    Part* own = nullptr;
    Part* shared = nullptr;  // when it has no own one
    unsigned depth = 0;
    bool closes = false;  // it has closed the gate, and not skipped it
};
constinit thread_local Here here [[gnu::tls_model("initial-exec")]];

// Gives the OS thread's part back at its end; its last sections, if it has any after that, use a shared one.
struct Leaves {
    ~Leaves() {
        if (Part* const own = here.own; own != nullptr && here.depth == 0) {
            use_shared();
            own->owned.store(false, std::memory_order_release);
        }
    }
    static void use_shared() noexcept {
        static constinit std::atomic<std::size_t> next{0};
        here.shared = &shared_parts[next.fetch_add(1, std::memory_order_relaxed) % shared_count];
        here.own = nullptr;
    }
};
thread_local const Leaves leaves;

bool has_barriers() noexcept {
    Barriers have = barriers.load(std::memory_order_relaxed);
    if (have == Barriers::unknown) {
        have = sys::has_barriers() ? Barriers::some : Barriers::none;
        barriers.store(have, std::memory_order_relaxed);
    }
    return have == Barriers::some;
}

[[gnu::noinline]] void take_part() noexcept {
    if (has_barriers()) {
        for (Part& part : own_parts) {
            if (!part.owned.load(std::memory_order_relaxed) && !part.owned.exchange(true, std::memory_order_acquire)) {
                here.own = &part;
                asm volatile("" : : "r"(&leaves));  // makes it now, so that it is destroyed
                return;
            }
        }
    }
    Leaves::use_shared();
}

void withdraw(Part& part) noexcept {
    if (part.inside.fetch_sub(1) == 1 && closed.load() != 0) [[unlikely]] {
        sys::futex_wake(part.inside);
    }
}

void withdraw_own(Part& part) noexcept {
    part.inside.store(0, std::memory_order_release);
    std::atomic_signal_fence(std::memory_order_seq_cst);
    if (closed.load(std::memory_order_relaxed) != 0) [[unlikely]] {
        sys::futex_wake(part.inside);
    }
}

}  // namespace

void enter() noexcept {
    if (here.depth++ != 0 || here.closes) {
        return;
    }
    if (here.own == nullptr && here.shared == nullptr) [[unlikely]] {
        take_part();
    }
    for (;;) {
        if (Part* const own = here.own; own != nullptr) [[likely]] {
            own->inside.store(1, std::memory_order_relaxed);
            std::atomic_signal_fence(std::memory_order_seq_cst);
            if (closed.load(std::memory_order_acquire) == 0) [[likely]] {
                return;
            }
            withdraw_own(*own);
        } else {
            here.shared->inside.fetch_add(1);
            if (closed.load() == 0) [[likely]] {
                return;
            }
            withdraw(*here.shared);
        }
        sys::futex_wait(closed, 1);
    }
}

void leave() noexcept {
    if (--here.depth == 0 && !here.closes) {
        if (here.own != nullptr) [[likely]] {
            withdraw_own(*here.own);
        } else {
            withdraw(*here.shared);
        }
    }
}

bool is_closed() noexcept {
    return closed.load() != 0;
}

namespace {

template <class Each>
void for_each_part(Each each) noexcept {
    std::for_each(own_parts.begin(), own_parts.end(), each);
    std::for_each(shared_parts.begin(), shared_parts.end(), each);
}

// Counts the section that this OS thread is in.
void count_again() noexcept {
    if (here.depth != 0) {
        (here.own != nullptr ? here.own : here.shared)->inside.fetch_add(1);
    }
}

void close() noexcept {
    here.closes = here.depth == 0;
    if (!here.closes) {
        return;
    }
    libc.pthread_mutex_lock(&one_fork);
    const bool barrier = has_barriers();
    closed.store(1);
    if (barrier) {
        sys::barrier_everywhere();
    }
    for_each_part([](Part& part) {
        while (const std::uint32_t inside = part.inside.load()) {
            sys::futex_wait(part.inside, inside);
        }
    });
}

void open_in_parent() noexcept {
    if (!here.closes) {
        return;
    }
    here.closes = false;
    count_again();
    closed.store(0);
    sys::futex_wake(closed);
    libc.pthread_mutex_unlock(&one_fork);
}

// The other OS threads are gone: those that waited at the gate too, and one that was closing it while this one was in a
// section and forked.
void open_in_child() noexcept {
    here.closes = false;
    for_each_part([](Part& part) {
        part.inside.store(0);
        part.owned.store(&part == here.own);
    });
    if (barriers.load() == Barriers::some && !sys::has_barriers()) {
        barriers.store(Barriers::none);
        if (here.own != nullptr) {
            Leaves::use_shared();
        }
    }
    count_again();
    closed.store(0);
    ::new (static_cast<void*>(&one_fork)) pthread_mutex_t(PTHREAD_MUTEX_INITIALIZER);
}

// Runs when the library is loaded, in every program that links a Mutex.
[[gnu::constructor]] void install() {
    ::pthread_atfork(&close, &open_in_parent, &open_in_child);
}

}  // namespace

}  // namespace tendril::detail::fork_gate
