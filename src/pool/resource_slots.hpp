// SPDX-License-Identifier: MIT
//
// ResourceSlots: the part of a ResourcePool that does not depend on T: how many resources there are and may be, the
// waiters, and the clock that ends idle resources. Not for users.
//
// Invariants:
// 1. A slot is an existing resource, or the right to make one; total_ counts them, also while one is being made or
//    destroyed, so there are never more than max_ (unless max_ was lowered).
// 2. A green thread waits only while no resource is idle and no slot is free: what becomes free goes straight to the
//    first waiter.

#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>

#include <tendril/deadline.hpp>
#include <tendril/detail/sync/wait_queue.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/site.hpp>

namespace tendril::detail {

// Returns: nanoseconds on the steady clock; the largest value for never.
std::int64_t later_by(std::int64_t from_ns, Duration duration) noexcept;

class ResourceSlots : public std::enable_shared_from_this<ResourceSlots> {
public:
    ResourceSlots(std::size_t max, bool watched, Site where);
    ResourceSlots(const ResourceSlots&) = delete;
    ResourceSlots& operator=(const ResourceSlots&) = delete;

    std::size_t total() const noexcept { return total_; }
    std::size_t max() const noexcept { return max_; }
    std::size_t leased() const noexcept { return leased_; }
    std::size_t waiting() const noexcept { return waiters_.size(); }

protected:
    ~ResourceSlots();

    // Destroys the idle resources that are too old. Returns: the time when the next one will be.
    virtual std::int64_t reap() = 0;

    // In the child of a fork(): takes back what wait(slot) was handed, in a green thread that is frozen there.
    virtual void take_back(void* slot) noexcept = 0;

    void check_thread() const { waiters_.check_thread(); }
    bool reports_foreign_thread() const noexcept;  // true: it has reported, and nothing may be touched

    bool take_slot() noexcept;
    void lose_slot() noexcept { --total_; }
    void free_slot() noexcept;  // hands it to the first waiter, which makes a resource

    // Waits for a slot, or for a resource, which is put into *slot. Throws: TimeoutError; Interrupt; std::logic_error
    // if the pool is destroyed meanwhile.
    void wait(void* slot, Deadline deadline);
    void refuse_closed() const;

    void set_max(std::size_t max) noexcept;  // growing hands slots to waiters
    void end() noexcept;                     // hands out nothing more; the waiters throw
    void join_reaper() noexcept;
    Site where() const noexcept { return where_; }

    void watch(std::int64_t when_ns) noexcept;  // calls reap() then, in a green thread of its own
    void unwatch() noexcept;

    std::size_t leased_ = 0;
    WaitQueue waiters_{"a ResourcePool", {this, [](void* self, void* slot) noexcept {
                                              static_cast<ResourceSlots*>(self)->take_back(slot);
                                          }}};

private:
    struct Alarm;
    bool reaping() const noexcept;  // from the alarm until the reaper's end
    void start_reaper();

    std::size_t max_;
    std::size_t total_ = 0;
    bool closed_ = false;
    std::unique_ptr<Alarm> alarm_;  // only if idle resources can grow too old
    AnyGreenlet reaper_;
    Site where_;
};

}  // namespace tendril::detail
