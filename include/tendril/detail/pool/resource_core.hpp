// SPDX-License-Identifier: MIT
//
// ResourceCore: what a ResourcePool<T> and its leases share; it lives until the last of them is gone. Not for users.
// Here is what they know of it; it is in src/pool/resource_core.cpp.
//
// A resource lies in a node of its own, which goes from hand to hand: idle, a waiter's, a lease. So T need not be
// movable, nothing is allocated for a lease, and who holds the node owns the resource and its slot.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include <tendril/deadline.hpp>
#include <tendril/detail/base/list.hpp>
#include <tendril/duration.hpp>
#include <tendril/site.hpp>

namespace tendril::detail {

struct Resource : ListNode {
    std::int64_t born_ns = 0;
    std::int64_t idle_since_ns = 0;

    Resource() = default;
    Resource(const Resource&) = delete;
    Resource& operator=(const Resource&) = delete;
    virtual ~Resource() = default;  // may wait
};
using ResourcePtr = std::unique_ptr<Resource>;

// How resources of one type are made and checked; both may wait, and throw.
class ResourceKind {
public:
    ResourceKind() = default;
    ResourceKind(const ResourceKind&) = delete;
    ResourceKind& operator=(const ResourceKind&) = delete;
    virtual ~ResourceKind() = default;
    virtual ResourcePtr make() = 0;
    virtual bool check(Resource& resource) = 0;
    virtual void clean(Resource& resource) = 0;
};

// ResourceOptions without their type.
struct ResourceLimits {
    std::size_t min;
    std::size_t max;
    bool newest_first;
    Duration max_idle;
    Duration max_age;
    Duration create_timeout;
    Duration cleanup_timeout;
    bool checked;  // is there a check?
    bool cleaned;  // is there a cleanup?
};

struct ResourceCounts {
    std::size_t max, total, idle, leased;
};

class ResourceCore;
using ResourceCorePtr = std::shared_ptr<ResourceCore>;

// With `min` resources. Throws: std::invalid_argument for limits that cannot be; what making one throws.
ResourceCorePtr make_resource_core(std::unique_ptr<ResourceKind> kind, const ResourceLimits& limits, Site where);

// For a lease. Returns: nullptr when it would have to wait for others, and may not. Throws: as ResourcePool::get().
ResourcePtr lend(ResourceCore& core, Deadline deadline, bool may_wait);
// The end of a lease.
enum class LeaseEnd : std::uint8_t {
    dirty,  // the cleanup runs, if there is one
    clean,  // it does not
    broken  // the resource is destroyed
};
void give_back(ResourceCore& core, ResourcePtr one, LeaseEnd how) noexcept;

void close_resources(ResourceCore& core) noexcept;  // the end of the ResourcePool
void clear_resources(ResourceCore& core);
void resize_resources(ResourceCore& core, std::size_t max);
ResourceCounts counts(const ResourceCore& core) noexcept;
std::size_t waiting(const ResourceCore& core) noexcept;

[[noreturn]] void refuse_empty_lease();
[[noreturn]] void refuse_empty_callable();

}  // namespace tendril::detail
