// SPDX-License-Identifier: MIT
//
// ResourceCore: what a ResourcePool<T> and its leases share; it lives until the last of them is gone. Not for users.
//
// A resource lies in a list node of its own, which goes from list to list: idle, a lease, a waiter's. So T need not be
// movable, nothing is allocated for a lease, and who holds the node owns the resource and its slot.

#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <list>
#include <new>
#include <stdexcept>
#include <utility>

#include <tendril/deadline.hpp>
#include <tendril/detail/pool/resource_slots.hpp>
#include <tendril/detail/pool/shield_if_hub.hpp>
#include <tendril/error.hpp>
#include <tendril/timeout.hpp>

namespace tendril::detail {

template <class T, class Options>
class ResourceCore final : public ResourceSlots {
public:
    struct Resource {
        T value;
        std::int64_t born_ns;
        std::int64_t idle_since_ns = 0;

        explicit Resource(const std::function<T()>& create) : value(create()), born_ns(Deadline::now_ns()) {}
    };
    using Held = std::list<Resource>;  // one, or none

    ResourceCore(std::function<T()> create, Options options, Site where)
        : ResourceSlots(options.max, limited(options), where), create_(std::move(create)),
          options_(std::move(options)) {}

    // Destroys the idle ones, which may wait.
    void close() noexcept {
        const ShieldIfHub shield;
        ResourceSlots::close();
        destroy(std::move(idle_));
        join_reaper();
    }

    void prefill() {
        for (std::size_t i = 0; i < options_.min && take_slot(); ++i) {
            Held one;
            Claim claim{*this, one};
            make(one, never);
            claim.keep = true;
            put_aside(one);
        }
    }

    // Puts one into `one`, for a lease. Returns: false when it would have to wait for one, and may not.
    bool acquire(Held& one, Deadline deadline, bool may_wait) {
        check_thread();
        if (!idle_.empty()) {
            one.splice(one.end(), idle_, options_.newest_first ? std::prev(idle_.end()) : idle_.begin());
            if (idle_.empty()) {
                unwatch();
            }
        } else if (!take_slot()) {
            if (!may_wait) {
                return false;
            }
            wait(&one, deadline);
            if (!one.empty()) {
                return true;  // whoever gave it has counted it
            }
        }
        Claim claim{*this, one};
        if (!one.empty() && !usable(one.front(), deadline)) {
            const ShieldIfHub shield;
            one.clear();
        }
        if (one.empty()) {
            make(one, deadline);
        }
        claim.keep = true;
        ++leased_;
        return true;
    }

    // The end of a lease.
    void give_back(Held& one, bool broken) noexcept {
        if (reports_foreign_thread()) {
            leak(one);
            return;
        }
        --leased_;
        if (broken || total() > max() || (limited(options_) && too_old(one.front()))) {
            drop(one);
        } else if (Waiter* first = waiters_.front(); first != nullptr) {
            auto& slot = *static_cast<Held*>(WaitQueue::slot(first));
            slot.splice(slot.end(), one);
            ++leased_;
            waiters_.hand();
        } else {
            put_aside(one);
        }
    }

    void clear() {
        check_thread();
        unwatch();
        destroy(std::move(idle_));
    }

    void resize(std::size_t max) {
        check_thread();
        check_resource_max(max);
        set_max(max);
        while (total() > this->max() && !idle_.empty()) {
            Held oldest;
            oldest.splice(oldest.end(), idle_, idle_.begin());
            if (idle_.empty()) {
                unwatch();
            }
            drop(oldest);
        }
    }

    std::size_t idle() const noexcept { return idle_.size(); }

private:
    // A slot and what is in it: both go, unless they are kept.
    struct Claim {
        ResourceCore& core;
        Held& one;
        bool keep = false;
        ~Claim() {
            if (!keep) {
                core.drop(one);
            }
        }
    };

    static bool limited(const Options& options) noexcept {
        return !options.max_idle.is_forever() || !options.max_age.is_forever();
    }
    std::int64_t end_of_age(const Resource& r) const noexcept { return later_by(r.born_ns, options_.max_age); }
    bool too_old(const Resource& r) const noexcept { return end_of_age(r) <= Deadline::now_ns(); }
    std::int64_t end_of_idleness(const Resource& r) const noexcept {
        return std::min(end_of_age(r), later_by(r.idle_since_ns, options_.max_idle));
    }

    void make(Held& one, Deadline deadline) {
        refuse_closed();
        if (!with_timeout(deadline, [&] { one.emplace_back(create_); })) {
            throw TimeoutError("making a resource for get() of a ResourcePool");
        }
    }

    bool usable(Resource& r, Deadline deadline) {
        if (limited(options_) && end_of_idleness(r) <= Deadline::now_ns()) {
            return false;
        }
        if (!options_.check) {
            return true;
        }
        bool healthy = false;
        const bool in_time = with_timeout(deadline, [&] {
            try {
                healthy = options_.check(r.value);
            } catch (const std::runtime_error&) {  // a broken connection, say; the caller's bugs are logic_errors
            }
        });
        if (!in_time) {
            throw TimeoutError("checking a resource for get() of a ResourcePool");
        }
        return healthy;
    }

    void put_aside(Held& one) noexcept {
        if (limited(options_)) {
            one.front().idle_since_ns = Deadline::now_ns();
            watch(end_of_idleness(one.front()));
        }
        idle_.splice(idle_.end(), one);
    }

    void drop(Held& one) noexcept {
        const ShieldIfHub shield;
        one.clear();
        free_slot();
    }

    void destroy(Held all) noexcept {
        while (!all.empty()) {
            Held one;
            one.splice(one.end(), all, all.begin());
            drop(one);
        }
    }

    void take_back(void* slot) noexcept override {
        if (auto& one = *static_cast<Held*>(slot); one.empty()) {
            lose_slot();
        } else {
            --leased_;
            put_aside(one);
        }
    }

    static void leak(Held& one) noexcept { static_cast<void>(new (std::nothrow) Held(std::move(one))); }

    std::int64_t reap() override {
        std::int64_t next = INT64_MAX;
        for (auto it = idle_.begin(); it != idle_.end();) {
            if (const std::int64_t end = end_of_idleness(*it); end > Deadline::now_ns()) {
                next = std::min(next, end);
                ++it;
            } else {
                Held one;
                one.splice(one.end(), idle_, it);
                drop(one);  // may wait, and everything change meanwhile
                it = idle_.begin();
                next = INT64_MAX;
            }
        }
        return next;
    }

    std::function<T()> create_;
    Options options_;
    Held idle_;  // the longest idle first
};

}  // namespace tendril::detail
