// SPDX-License-Identifier: MIT
//
// Heartbeat: what other OS threads may see of a hub. All heartbeats are in one list, for the blocking watch and for
// debuggers.
//
// Which OS thread may touch which member:
//   const, and the list's links       any OS thread that holds the list's mutex
//   beats_, asleep_                   the hub's OS thread writes, the watching one reads
//   noted_, unreadable_               the hub's OS thread, and the signal handler that runs in it
//   sighting_                         the handler while `sighted_` is false, the watching OS thread while it is true
//   watched_                          the watching OS thread

#pragma once

#include <pthread.h>
#include <sys/types.h>

#include <array>
#include <atomic>
#include <csignal>
#include <cstddef>
#include <cstdint>

#include <tendril/site.hpp>

#include "base/cpu_alarm.hpp"

namespace tendril::detail {

struct HubCore;

// What the signal handler saw. Plain memory only: the handler may not allocate.
struct Sighting {
    std::uint64_t greenlet = 0;
    Site where;
    bool main = false;
    bool in_callback = false;
    std::int64_t held_ns = 0;
    std::array<char, 64> name{};
    std::array<void*, 48> addresses{};
    std::size_t depth = 0;
};

class Heartbeat {
public:
    HubCore& hub;
    const pthread_t thread;
    const std::uint64_t os_serial;
    pid_t kernel_thread;  // as debuggers number it
    Heartbeat* next = nullptr;

    // For this OS thread's hub. Joins the list.
    explicit Heartbeat(HubCore& core);
    Heartbeat(const Heartbeat&) = delete;
    Heartbeat& operator=(const Heartbeat&) = delete;
    ~Heartbeat() { leave(); }

    // Leaves the list: no more signals are sent for it, and one already on its way will not look at the hub.
    void leave() noexcept;

    // Notes that the hub has looked at the clock and the backend.
    void beat() noexcept { beats_.store(beats_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed); }

    std::uint64_t beats() const noexcept { return beats_.load(std::memory_order_relaxed); }

    // While this lives, the hub sleeps in its backend.
    class Asleep {
    public:
        Asleep(Heartbeat& of, bool really) noexcept : of_(really ? &of : nullptr) {
            if (of_ != nullptr) {
                of_->asleep_.store(true, std::memory_order_relaxed);
            }
        }
        Asleep(const Asleep&) = delete;
        Asleep& operator=(const Asleep&) = delete;
        ~Asleep() {
            if (of_ != nullptr) {
                of_->wake_up();
            }
        }

    private:
        Heartbeat* of_;
    };

    // While this lives, a green thread's name is changing: the handler must not read it.
    class Unreadable {
    public:
        explicit Unreadable(Heartbeat& of) noexcept : of_(of) {
            of_.unreadable_ = 1;
            std::atomic_signal_fence(std::memory_order_seq_cst);
        }
        Unreadable(const Unreadable&) = delete;
        Unreadable& operator=(const Unreadable&) = delete;
        ~Unreadable() {
            std::atomic_signal_fence(std::memory_order_seq_cst);
            of_.unreadable_ = 0;
        }

    private:
        Heartbeat& of_;
    };

private:
    friend class BlockingWatch;

    // While this stays the same, nothing was switched, for all that the handler can see.
    struct Moment {
        std::uint64_t greenlet = 0;
        std::uint64_t beats = 0;
        int budget = 0;
        friend bool operator==(const Moment&, const Moment&) = default;
    };

    void wake_up() noexcept;
    void look(std::int64_t threshold_ns,
              const void* interrupted_at) noexcept;  // by the handler, in the hub's OS thread
    void see(std::int64_t held_ns) noexcept;
    bool harms_nobody() const noexcept;
    bool allowed(std::int64_t now_ns) const noexcept;  // by a BlockingAllowed

    std::atomic<std::uint64_t> beats_{0};
    std::atomic<bool> asleep_{false};
    std::atomic<bool> told_{false};  // the current incident has been reported
    std::atomic<bool> sighted_{false};
    volatile std::sig_atomic_t unreadable_ = 0;
    Moment noted_;
    std::int64_t noted_at_ns_ = 0;
    Sighting sighting_;
    std::uint64_t watched_beats_ = 0;
    unsigned watched_stuck_ = 0;  // looks in a row that found no new beat
    CpuAlarm watched_alarm_;
};

// All hubs of the process. tools/gdb/tendril.py walks the list, by the offsets in `layout`: see debug_layout.cpp.
struct HubList {
    static constexpr std::size_t fields = 36;
    Heartbeat* first;
    std::uint64_t layout[fields];
};
extern HubList all_hubs;

}  // namespace tendril::detail
