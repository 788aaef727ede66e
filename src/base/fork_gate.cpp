// SPDX-License-Identifier: MIT

#include "base/fork_gate.hpp"

#include <pthread.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <new>

#include "base/libc.hpp"
#include "base/sys.hpp"

namespace tendril::detail::fork_gate {

namespace {

// The number of OS threads in a section, in several parts, so that OS threads seldom meet on a cache line. A part is
// raised before `closed` is read, and read after `closed` is written, both in the single order of seq_cst: either the
// section's OS thread sees the closed gate and withdraws, or the forking one sees the section.
struct alignas(64) Part {
    std::atomic<std::uint32_t> inside{0};
};
constexpr std::size_t part_count = 32;
constinit std::array<Part, part_count> parts;
constinit std::atomic<std::uint32_t> closed{0};
constinit pthread_mutex_t one_fork = PTHREAD_MUTEX_INITIALIZER;  // held while the gate is closed

// The forking OS thread may begin sections while it keeps the gate closed, in other fork handlers before or after ours.
// They count in no part.
struct Here {
    Part* part = nullptr;
    unsigned depth = 0;
    bool closes = false;  // it has closed the gate, and not skipped it
};
constinit thread_local Here here [[gnu::tls_model("initial-exec")]];

Part& my_part() noexcept {
    static constinit std::atomic<std::size_t> next{0};
    if (here.part == nullptr) [[unlikely]] {
        here.part = &parts[next.fetch_add(1, std::memory_order_relaxed) % part_count];
    }
    return *here.part;
}

void withdraw(Part& part) noexcept {
    if (part.inside.fetch_sub(1) == 1 && closed.load() != 0) [[unlikely]] {
        sys::futex_wake(part.inside);
    }
}

}  // namespace

void enter() noexcept {
    if (here.depth++ != 0 || here.closes) {
        return;
    }
    Part& part = my_part();
    for (;;) {
        part.inside.fetch_add(1);
        if (closed.load() == 0) [[likely]] {
            return;
        }
        withdraw(part);
        sys::futex_wait(closed, 1);
    }
}

void leave() noexcept {
    if (--here.depth == 0 && !here.closes) {
        withdraw(*here.part);
    }
}

bool is_closed() noexcept {
    return closed.load() != 0;
}

namespace {

void close() noexcept {
    here.closes = here.depth == 0;
    if (!here.closes) {
        return;
    }
    libc.pthread_mutex_lock(&one_fork);
    closed.store(1);
    for (Part& part : parts) {
        while (const std::uint32_t inside = part.inside.load()) {
            sys::futex_wait(part.inside, inside);
        }
    }
}

void open_in_parent() noexcept {
    if (!here.closes) {
        return;
    }
    here.closes = false;
    if (here.depth != 0) {
        my_part().inside.fetch_add(1);
    }
    closed.store(0);
    sys::futex_wake(closed);
    libc.pthread_mutex_unlock(&one_fork);
}

// The other OS threads are gone: those that waited at the gate too, and one that was closing it while this one was in a
// section and forked.
void open_in_child() noexcept {
    here.closes = false;
    for (Part& part : parts) {
        part.inside.store(0);
    }
    if (here.depth != 0) {
        my_part().inside.store(1);
    }
    closed.store(0);
    ::new (static_cast<void*>(&one_fork)) pthread_mutex_t(PTHREAD_MUTEX_INITIALIZER);
}

// Runs when the library is loaded, in every program that links a Mutex.
[[gnu::constructor]] void install() {
    ::pthread_atfork(&close, &open_in_parent, &open_in_child);
}

}  // namespace

}  // namespace tendril::detail::fork_gate
