// SPDX-License-Identifier: MIT

#include "patch/parking_lot.hpp"

#include <array>
#include <cstddef>
#include <utility>

#include <tendril/detail/base/mutex.hpp>

#include "base/on_exit.hpp"
#include "base/sys.hpp"
#include "patch/green.hpp"
#include "patch/held_hub.hpp"
#include "patch/immortal.hpp"
#include "patch/posix_clock.hpp"

namespace tendril::patch::detail {

using namespace tendril::detail;

struct Bucket {
    Mutex mutex{Rank::parking_lot};
    std::atomic<std::uint32_t> parked{0};  // those in line
    List<Parked> line;
    std::uint64_t tickets = 0;

    void join(Parked& waiter) noexcept {
        waiter.ticket_ = ++tickets;
        line.push_back(waiter);
        ++parked;
    }
    void join_again(Parked& waiter, std::uint64_t ticket) noexcept {
        List<Parked> later;
        for (Parked* last = line.pop_back(); last != nullptr; last = line.pop_back()) {
            if (last->ticket_ <= ticket) {
                line.push_back(*last);
                break;
            }
            later.push_front(*last);
        }
        waiter.ticket_ = ticket;
        line.push_back(waiter);
        ++parked;
        while (Parked* const next = later.pop_front()) {
            line.push_back(*next);
        }
    }
    void join_first(Parked& waiter) noexcept {
        line.push_front(waiter);
        ++parked;
    }
    void quit(Parked& waiter) noexcept {
        if (waiter.linked()) {
            waiter.unlink();
            --parked;
        }
    }

    static Bucket& of(const void* address) noexcept {
        constexpr std::size_t count = 256;
        using Buckets = std::array<Bucket, count>;
        static Immortal<Buckets> buckets;
        constexpr std::uint64_t golden = 0x9e3779b97f4a7c15U;
        return buckets.get()[(reinterpret_cast<std::uintptr_t>(address) * golden) >> 56];
    }
};

namespace {

std::atomic<std::uintptr_t> unbroken_begin{0};
std::atomic<std::uintptr_t> unbroken_end{0};
HoldsHubUp may_hold = nullptr;  // published by unbroken_end

bool is_unbroken(const void* address, Sought sought) noexcept {
    return is_never_broken(address) || (sought == permit && unbroken_end.load(std::memory_order_relaxed) != 0);
}

// The place of the wait that ran out of time last, in this OS thread, or that was woken last at such an address.
struct OldPlace {
    const void* address = nullptr;
    std::uint64_t green_thread = 0;
    std::uint64_t ticket = 0;
    std::int64_t time_ns = 0;
    std::uint32_t vain = 0;
};
constexpr std::int64_t at_once_ns = 1'000'000;  // to be back
thread_local OldPlace old_place;

// Those of this hub that are ready, were woken at such an address, and had been in vain before.
thread_local std::uint32_t starving = 0;

std::atomic<bool> others_first{false};

}  // namespace

bool is_never_broken(const void* address) noexcept {
    const auto at = reinterpret_cast<std::uintptr_t>(address);
    return at < unbroken_end.load(std::memory_order_acquire) && at >= unbroken_begin.load(std::memory_order_relaxed);
}

void before_lock(const void* mutex) noexcept {
    if (!is_unbroken(mutex, lock)) {
        spend();
        return;
    }
    old_place = {};  // the caller has got what it was woken for
    if (others_first.load(std::memory_order_relaxed) && others_first.exchange(false) && may_park()) {
        Scheduler& hub = Scheduler::here();
        hub.budget = 0;  // also those whose time has come
        hub.yield_unthrown();
    } else if (starving != 0 && may_park() && !holds_hub_up(mutex)) {
        Scheduler::here().yield_unthrown();
    }
}

void let_others_first() noexcept {
    others_first = true;
}

void never_break(const void* begin, const void* end) noexcept {
    unbroken_begin.store(reinterpret_cast<std::uintptr_t>(begin), std::memory_order_relaxed);
    unbroken_end.store(reinterpret_cast<std::uintptr_t>(end), std::memory_order_release);
}

void hold_hub_up_if(HoldsHubUp asked) noexcept {
    may_hold = asked;
}

bool holds_hub_up(const void* address) noexcept {
    return is_never_broken(address) && may_hold != nullptr && may_hold(address);
}

timespec end_of_hold(std::int64_t ns) noexcept {
    timespec end{};
    clock_gettime(CLOCK_MONOTONIC, &end);
    const std::int64_t sum = end.tv_nsec + ns;
    end.tv_sec += sum / second_ns;
    end.tv_nsec = sum % second_ns;
    return end;
}

Parked::Parked(const void* address, Sought sought, const char* call, std::uint32_t bits, Asked asked) noexcept
    : address_(address), sought_(sought), bits_(bits), call_(call),
      hub_(asked == Asked::yes || may_park() ? Scheduler::if_any() : nullptr) {
    Bucket& bucket = Bucket::of(address);
    const MutexLock lock(bucket.mutex);
    if (hub_ != nullptr) {
        presence_.begin();
        const OldPlace old = std::exchange(old_place, {});
        if (old.address == address && old.green_thread == hub_->current->id &&
            Deadline::now_ns() - old.time_ns < at_once_ns) {
            vain_ = old.vain;
            bucket.join_again(*this, old.ticket);
            return;
        }
    }
    bucket.join(*this);
}

bool Parked::leave() noexcept {
    starving -= std::exchange(starves_, false) ? 1 : 0;
    bool sent = false;
    {
        Bucket& bucket = Bucket::of(address_);
        const MutexLock lock(bucket.mutex);
        if (hub_ != nullptr) {
            presence_.end();
        }
        bucket.quit(*this);
        sent = std::exchange(sent_, false);
    }
    if (sent && hub_ != nullptr) {
        mailbox_of(*hub_).withdraw(letter_);
    }
    return woken_.exchange(0) != 0;
}

void Parked::again() noexcept {
    leave();
    Bucket& bucket = Bucket::of(address_);
    const MutexLock lock(bucket.mutex);
    if (hub_ != nullptr) {
        presence_.begin();
    }
    ++vain_;
    bucket.join_first(*this);
}

Outcome Parked::wait(Deadline deadline, Breaks breaks) noexcept {
    if (hub_ == nullptr) {
        wait_plainly(deadline);
        return woken() ? Outcome::signalled : Outcome::timed_out;
    }
    if (woken()) {
        return Outcome::signalled;
    }
    const int error = errno;
    const Outcome outcome = suspend(deadline, breaks);
    errno = error;
    if (woken() ? sought_ == signal_of_condition && is_unbroken(address_, sought_) : outcome == Outcome::timed_out) {
        old_place = {address_, hub_->current->id, ticket_, Deadline::now_ns(), vain_ + (woken() ? 1 : 0)};
    }
    return woken() ? Outcome::signalled : outcome;
}

Outcome Parked::suspend(Deadline deadline, Breaks breaks) noexcept {
    Waiter waiter(call_);
    waiter_ = &waiter;
    const OnExit gone([this] { waiter_ = nullptr; });
    Fiber& fiber = waiter.fiber;
    const bool shielded = breaks == Breaks::never || (breaks != Breaks::all && is_unbroken(address_, sought_));
    fiber.shields += shielded ? 1 : 0;
    const OnExit unshield([&] { fiber.shields -= shielded ? 1 : 0; });
    if (breaks == Breaks::interrupt_or_signal || breaks == Breaks::all) {
        switch (await(waiter, deadline, true)) {
        case Wait::signalled:
            return Outcome::closed;
        case Wait::interrupted:
            break;
        default:
            return Outcome::timed_out;
        }
    } else if (waiter.wait_unthrown(deadline) != Outcome::interrupted) {
        return Outcome::timed_out;
    }
    ++fiber.shields;         // else it would not yield
    hub_->yield_unthrown();  // it may not have waited at all, and C code that ignores the error calls again
    --fiber.shields;
    return shielded ? Outcome::timed_out : Outcome::interrupted;  // the hub has failed, and C code cannot be told here
}

void Parked::wait_plainly(Deadline deadline) const noexcept {
    while (!woken() && !deadline.passed()) {
        sys::futex_wait(woken_, 0, deadline.is_never() ? -1 : deadline.remaining().count());
    }
}

// Requires: the bucket's mutex is held.
void Parked::notify() noexcept {
    woken_.store(1, std::memory_order_release);
    if (hub_ == nullptr) {
        sys::futex_wake(woken_);
    } else if (hub_ != Scheduler::if_any()) {
        sent_ =
            mailbox_of(*hub_).send(letter_);  // that hub still lives: it ends after the green threads that wait in it
    } else if (waiter_ != nullptr) {
        if (waiter_->resolve(Outcome::signalled) && vain_ != 0 && is_unbroken(address_, sought_)) {
            starves_ = true;
            ++starving;
        }
    }
}

void Parked::arrived(Letter& letter, bool hub_lives) noexcept {
    Parked& self = static_cast<Mail&>(letter).owner;
    if (hub_lives && self.waiter_ != nullptr) {
        self.waiter_->resolve(Outcome::signalled);
    }
}

// The green thread never runs again.
void Parked::hub_gone(Expectation& expectation, HubGone) noexcept {
    Parked& self = static_cast<Presence&>(expectation).owner;
    starving -= std::exchange(self.starves_, false) ? 1 : 0;
    Bucket& bucket = Bucket::of(self.address_);
    const MutexLock lock(bucket.mutex);
    expectation.end();
    bucket.quit(self);
}

Woken wake(const void* address, unsigned sought, std::size_t most, std::uint32_t bits) noexcept {
    Bucket& bucket = Bucket::of(address);
    Woken woken;
    // An exchange and not a load, which could be made before the store that freed the object.
    if (bucket.parked.fetch_add(0, std::memory_order_seq_cst) == 0) {
        return woken;
    }
    const MutexLock lock(bucket.mutex);
    for (Parked *each = bucket.line.front(), *next = nullptr; each != nullptr && woken.count < most; each = next) {
        next = bucket.line.after(*each);
        if (each->seeks(address, sought, bits)) {
            bucket.quit(*each);
            each->notify();
            ++woken.count;
            woken.starves = woken.starves || (each->vain_ != 0 && each->hub_ == Scheduler::if_any());
        }
    }
    return woken;
}

namespace {
std::array<std::atomic<const void*>, 64> noted;  // by handlers of signals
}  // namespace

// If there is no room, those who wait look again by themselves.
void wake_later(const void* address) noexcept {
    for (std::atomic<const void*>& each : noted) {
        const void* none = nullptr;
        if (each.compare_exchange_strong(none, address)) {
            break;
        }
    }
    here::poke();
}

void wake_noted() noexcept {
    for (std::atomic<const void*>& each : noted) {
        if (const void* address = each.exchange(nullptr); address != nullptr) {
            wake(address, Sought::permit);
        }
    }
}

bool anyone_parked(const void* address, unsigned sought) noexcept {
    Bucket& bucket = Bucket::of(address);
    if (bucket.parked.load(std::memory_order_relaxed) == 0) {
        return false;
    }
    const MutexLock lock(bucket.mutex);
    bool any = false;
    bucket.line.for_each([&](const Parked& each) { any = any || each.seeks(address, sought); });
    return any;
}

}  // namespace tendril::patch::detail
