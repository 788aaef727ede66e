// SPDX-License-Identifier: MIT
//
// The parking lot: threads that wait for something at an address: green threads of any hub, which park, and plain OS
// threads, which block. First come, first served. What the hooks for mutexes, conditions and their like wait by.
//
// 1. What decides lies in the object itself (a mutex's word, a semaphore's value), so that OS threads that no hook
//    reaches may share it. A waiter stands in line first, tries once more, and only then waits; who frees the object
//    does so first, and then wakes: so no wake-up is lost.
// 2. A waiter that was woken left the line. If it then finds nothing, again() puts it back at the head; if it leaves
//    without having taken what it was woken for, it wakes the next one.
//    One that ran out of time, and at once waits again for the same, has its old place back; so has one that was woken
//    in vain at an address of never_break(), and others let it run first when it is woken the next time.
// 3. Where the object may be freed by code that no hook sees, waiters look again now and then: Patience.
// 4. Waking allocates nothing, throws nothing and never switches. Not for signal handlers.

#pragma once

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdint>

#include <tendril/deadline.hpp>
#include <tendril/detail/base/list.hpp>

#include "hub/mailbox.hpp"
#include "hub/waiter.hpp"

namespace tendril::patch::detail {

using tendril::detail::Outcome;

// What is waited for at an address; bits, so that a wake-up may be for several.
enum Sought : std::uint8_t {
    lock = 1,
    read_lock = 2,
    write_lock = 4,
    signal_of_condition = 8,
    permit = 16,
    barrier_opening = 32,
    completion = 64,  // of a pthread_once, of a thread
    futex_word = 128,
};

// What else may end a wait.
enum class Breaks : std::uint8_t {
    never,
    interrupt,            // a kill or a Timeout
    interrupt_or_signal,  // or a handler of the program without SA_RESTART
    all,                  // the same, whatever never_break() says
};

// From now on no kill or Timeout ends a wait at an address in the range, or for a semaphore: for a program whose code
// takes the end of such a wait for its success. May be called once.
void never_break(const void* begin, const void* end) noexcept;

// Before a green thread locks a mutex. One that lies in that range is locked so often that it spends no switch of the
// hub's budget; but after let_others_first(), from any OS thread, the next one lets all that are ready run first.
void before_lock(const void* mutex) noexcept;
void let_others_first() noexcept;

struct Bucket;

// Whether may_park() was asked already in this call of a hook, and has said yes: it is a system call.
enum class Asked : bool { no, yes };

struct Woken {
    std::size_t count = 0;
    bool starves = false;  // one of this hub was woken in vain before: let it run now, or it may be again
};

class Parked : tendril::detail::ListNode {
public:
    // Stands in line from now on. `call` names the wait in reports.
    Parked(const void* address, Sought sought, const char* call, std::uint32_t bits = ~0U,
           Asked asked = Asked::no) noexcept;
    Parked(const Parked&) = delete;
    Parked& operator=(const Parked&) = delete;
    ~Parked() { leave(); }

    // Suspends until woken or the deadline. Returns: signalled, timed_out; interrupted by a kill or a Timeout, which
    // stays pending, and others had a turn then; closed: a handler of the program has run.
    Outcome wait(Deadline deadline, Breaks breaks = Breaks::interrupt) noexcept;

    // Goes back to the head of the line.
    void again() noexcept;

    // Leaves the line. Returns: whether it had been woken.
    bool leave() noexcept;

    bool seeks(const void* address, unsigned sought, std::uint32_t bits = ~0U) const noexcept {
        return address_ == address && (sought_ & sought) != 0 && (bits_ & bits) != 0;
    }
    bool woken() const noexcept { return woken_.load(std::memory_order_acquire) != 0; }

private:
    friend struct Bucket;
    friend class tendril::detail::List<Parked>;
    friend Woken wake(const void*, unsigned, std::size_t, std::uint32_t) noexcept;

    struct Mail : tendril::detail::Letter {
        Parked& owner;
        explicit Mail(Parked& o) noexcept : Letter(&Parked::arrived), owner(o) {}
    };
    struct Presence : tendril::detail::Expectation {
        Parked& owner;
        explicit Presence(Parked& o) noexcept : Expectation(&Parked::hub_gone), owner(o) {}
    };
    static void arrived(tendril::detail::Letter& letter, bool hub_lives) noexcept;
    static void hub_gone(tendril::detail::Expectation& expectation, tendril::detail::HubGone how) noexcept;
    void notify() noexcept;
    Outcome suspend(Deadline deadline, Breaks breaks) noexcept;
    void wait_plainly(Deadline deadline) const noexcept;

    // Guarded by the bucket's mutex; woken_ is read without it.
    std::atomic<std::uint32_t> woken_{0};
    bool sent_ = false;         // by a letter
    std::uint64_t ticket_ = 0;  // they ascend along the line, but for those that went back to its head

    // Constant.
    const void* const address_;
    const Sought sought_;
    const std::uint32_t bits_;
    const char* const call_;
    tendril::detail::Scheduler* const hub_;  // nullptr: an OS thread's own wait

    // The waiting hub's.
    tendril::detail::Waiter* waiter_ = nullptr;
    std::uint32_t vain_ = 0;  // times that it was woken in vain; guarded by the bucket's mutex
    bool starves_ = false;    // it counts among those that others let run first
    Mail letter_{*this};
    Presence presence_{*this};
};

// Wakes those first in line at the address that seek one of these, `most` at most.
Woken wake(const void* address, unsigned sought, std::size_t most = 1, std::uint32_t bits = ~0U) noexcept;
inline void wake_all(const void* address, unsigned sought) noexcept {
    wake(address, sought, SIZE_MAX);
}

// wake() for a permit, soon: for the handlers of signals. wake_noted() does it, in a hub.
void wake_later(const void* address) noexcept;
void wake_noted() noexcept;

bool anyone_parked(const void* address, unsigned sought) noexcept;

// How long a waiter waits until it looks again by itself: doubling, up to a limit.
class Patience {
public:
    constexpr Patience(std::int64_t first_ns, std::int64_t longest_ns) noexcept
        : next_(first_ns), longest_(longest_ns) {}
    // Where others that no hook sees do free it: another process, an OS thread.
    static constexpr Patience short_one() noexcept { return {1'000'000, 50'000'000}; }
    // Where that is only possible.
    static constexpr Patience long_one() noexcept { return {50'000'000, 1'000'000'000}; }

    Deadline next() noexcept {
        const std::int64_t span = next_;
        next_ = std::min(next_ * 2, longest_);
        return Deadline::after(Deadline::now_ns(), Duration(std::chrono::nanoseconds(span)));
    }

private:
    std::int64_t next_;
    std::int64_t longest_;
};

// Waits until attempt() returns something else than EBUSY. Returns: that; ETIMEDOUT, ECANCELED, EINTR.
template <class Attempt>
int park_until(const void* address, Sought sought, const char* call, Deadline deadline, Patience patience,
               Breaks breaks, Attempt attempt, Asked asked = Asked::no) noexcept {
    Parked parked(address, sought, call, ~0U, asked);
    for (;;) {
        if (const int result = attempt(); result != EBUSY) {
            if (parked.leave() && sought == permit) {
                wake(address, sought);  // woken for a permit, it took one of its own accord
            }
            return result;
        }
        const Deadline look_again = patience.next();
        const Outcome outcome = parked.wait(std::min(deadline, look_again), breaks);
        if (outcome == Outcome::signalled) {
            parked.again();
        } else if (outcome != Outcome::timed_out || deadline <= look_again) {
            if (parked.leave()) {
                wake(address, sought);
            }
            return outcome == Outcome::interrupted ? ECANCELED : outcome == Outcome::closed ? EINTR : ETIMEDOUT;
        }
    }
}

}  // namespace tendril::patch::detail
