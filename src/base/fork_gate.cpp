// SPDX-License-Identifier: MIT

#include "base/fork_gate.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>

#include "base/sys.hpp"

namespace tendril::detail::fork_gate {

namespace {

// How many OS threads are in a section, in parts, so that those threads seldom meet on a cache line. Each part is
// raised before `closed` is read, and read after `closed` is written, both in the one order of seq_cst: either the
// section's OS thread sees the closed gate and withdraws, or the forking one sees the section.
struct alignas(64) Part {
    std::atomic<std::uint32_t> inside{0};
};
constexpr std::size_t part_count = 32;
constinit std::array<Part, part_count> parts;
constinit std::atomic<std::uint32_t> closed{0};
constinit std::mutex one_fork;  // held while the gate is closed

struct Here {
    Part* part = nullptr;
    unsigned depth = 0;
    bool closes = false;  // the gate, and did not skip it
};
constinit thread_local Here here [[gnu::tls_model("initial-exec")]];

Part& choose_part() noexcept {
    static constinit std::atomic<std::size_t> next{0};
    return parts[next.fetch_add(1, std::memory_order_relaxed) % part_count];
}

void withdraw(Part& part) noexcept {
    if (part.inside.fetch_sub(1) == 1 && closed.load() != 0) [[unlikely]] {
        sys::futex_wake(part.inside);
    }
}

}  // namespace

void enter() noexcept {
    if (here.depth++ != 0) {
        return;
    }
    if (here.part == nullptr) [[unlikely]] {
        here.part = &choose_part();
    }
    for (;;) {
        here.part->inside.fetch_add(1);
        if (closed.load() == 0) [[likely]] {
            return;
        }
        withdraw(*here.part);
        sys::futex_wait(closed, 1);
    }
}

void leave() noexcept {
    if (--here.depth == 0) {
        withdraw(*here.part);
    }
}

void close() noexcept {
    here.closes = here.depth == 0;
    if (!here.closes) {
        return;
    }
    one_fork.lock();
    closed.store(1);
    for (Part& part : parts) {
        while (const std::uint32_t inside = part.inside.load()) {
            sys::futex_wait(part.inside, inside);
        }
    }
}

void open_in_parent() noexcept {
    if (here.closes) {
        here.closes = false;
        closed.store(0);
        sys::futex_wake(closed);
        one_fork.unlock();
    }
}

// The other OS threads are gone, also those that had come to the gate.
void open_in_child() noexcept {
    for (Part& part : parts) {
        part.inside.store(&part == here.part && here.depth != 0 ? 1 : 0);
    }
    open_in_parent();
}

}  // namespace tendril::detail::fork_gate
