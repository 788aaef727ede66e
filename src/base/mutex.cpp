// SPDX-License-Identifier: MIT

#include <tendril/detail/base/mutex.hpp>

#include <array>
#include <cstddef>
#include <cstdlib>
#include <string>

#include "base/fork_gate.hpp"
#include "base/libc.hpp"
#include "base/report.hpp"

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

constexpr std::array<const char*, 13> names{
    "team",           "thread_pool", "orphans",     "shared",  "chosen_backend", "error_handler", "signals",
    "blocking_watch", "patches",     "parking_lot", "mailbox", "once",           "at_fork"};
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
    libc.pthread_mutex_lock(&mutex_);
}

// Once mutex_ is free, another OS thread may destroy this object.
void Mutex::unlock() noexcept {
    const Rank rank = rank_;
    libc.pthread_mutex_unlock(&mutex_);
    fork_gate::leave();
    held.drop(rank);
}

}  // namespace tendril::detail
