// SPDX-License-Identifier: MIT

#include <tendril/detail/base/mutex.hpp>

#include <array>
#include <cstddef>
#include <cstdlib>
#include <string>

#include "base/fork_gate.hpp"
#include "base/report.hpp"
#include "base/spin.hpp"
#include "base/sys.hpp"

namespace tendril::detail {

#ifdef NDEBUG

namespace {
struct Held {
    void add(Rank) noexcept {}
    void drop(Rank) noexcept {}
} held;
}  // namespace

#else

namespace {

constexpr std::array<const char*, 14> names{"team",           "thread_pool",   "orphans", "shared_out",     "shared",
                                            "chosen_backend", "error_handler", "signals", "blocking_watch", "patches",
                                            "parking_lot",    "mailbox",       "once",    "at_fork"};
static_assert(names.size() == static_cast<std::size_t>(Rank::at_fork) + 1);

// The ranks that this OS thread holds: at most one lock of each, because a lock is taken only above all held ones.
struct Held {
    unsigned ranks = 0;

    static unsigned bit(Rank rank) noexcept { return 1U << static_cast<unsigned>(rank); }

    void add(Rank wanted) noexcept {
        if (ranks >= bit(wanted)) {
            std::size_t highest = names.size() - 1;
            while ((ranks >> highest) == 0) {
                --highest;
            }
            report(std::string("lock order: an OS thread takes a lock of rank ") +
                   names[static_cast<std::size_t>(wanted)] + " while it holds one of rank " + names[highest]);
            std::abort();
        }
        ranks |= bit(wanted);
    }
    void drop(Rank rank) noexcept { ranks &= ~bit(rank); }
};
constinit thread_local Held held;

}  // namespace

#endif

void Mutex::lock() noexcept {
    held.add(rank_);
    fork_gate::enter();
    std::uint32_t free = 0;
    if (!state_.compare_exchange_strong(free, 1, std::memory_order_acquire, std::memory_order_relaxed)) [[unlikely]] {
        lock_contended();
    }
}

void Mutex::lock_contended() noexcept {
    for (int i = 0; i < 100; ++i) {
        spin_once();
        std::uint32_t free = state_.load(std::memory_order_relaxed);
        if (free == 0 && state_.compare_exchange_strong(free, 1, std::memory_order_acquire)) {
            return;
        }
    }
    while (state_.exchange(2, std::memory_order_acquire) != 0) {
        sys::futex_wait(state_, 2);
    }
}

// Once it is free, another OS thread may destroy this object. A wake-up at an address that is no futex any more is
// harmless.
void Mutex::unlock() noexcept {
    const Rank rank = rank_;
    if (state_.exchange(0) == 2) [[unlikely]] {
        sys::futex_wake(state_, 1);
    }
    fork_gate::leave();
    held.drop(rank);
}

}  // namespace tendril::detail
