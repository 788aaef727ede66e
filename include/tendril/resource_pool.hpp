// SPDX-License-Identifier: MIT
// Floor: pool
//
// ResourcePool: keeps a bounded number of resources that are expensive to make, such as connections, and lends them to
// the green threads of one hub.
//
//     ResourcePool<TcpSocket> pool([] { return connect("db:5432"); }, {.max = 4, .max_idle = 30s});
//     {
//         auto connection = pool.get(2s);      // a Lease: an idle one, or a new one, or waits for one
//         connection->send_all(query);
//     }                                        // given back here
//
// Waiters are served first come, first served. A resource that is given back goes straight to the first of them,
// without switching; a waiter that timed out or was killed takes none. Example: examples/resource_pool.cpp

#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include <tendril/deadline.hpp>
#include <tendril/detail/pool/resource_core.hpp>
#include <tendril/duration.hpp>
#include <tendril/site.hpp>
#include <tendril/size.hpp>

namespace tendril {

// Options of a ResourcePool.
template <class T>
struct ResourceOptions {
    Size min = 0;  // the number that the constructor makes; later there may be fewer
    Size max = 4;  // the most that exist, those being made or destroyed included

    // Which idle resource is lent: the one that came back last (a few are kept busy, the others grow old), or the one
    // that has been idle longest (all are used in turn).
    bool newest_first = true;

    // A resource that has been idle for max_idle is destroyed, even if no call is made. So is one that was made max_age
    // ago, while it is idle or when it comes back.
    Duration max_idle = forever;
    Duration max_age = forever;

    // Called before an idle resource is lent; may wait. If it returns false or throws a std::runtime_error (all errors
    // of the system are), the resource is destroyed, and a new one is made in its place. Any other error goes to the
    // caller of get(); then too the resource is destroyed.
    std::function<bool(T&)> check = nullptr;

    // Called when a lease ends and before the resource is lent again, such as to roll back a transaction; may wait. It
    // runs in a green thread of its own, so the end of a lease never waits for it; meanwhile the resource is neither
    // leased nor idle. If it throws, takes longer than cleanup_timeout, or is killed (by the pool's destructor, or when
    // the hub ends), the resource is destroyed, and the next waiter makes a new one. The hub's error handler gets what
    // it throws, except a std::runtime_error: that the connection is gone is no news. Not called for a resource that is
    // to be destroyed anyway, nor after Lease::skip_cleanup().
    std::function<void(T&)> cleanup = nullptr;
    Duration cleanup_timeout = std::chrono::seconds(5);

    // A limit for create alone, besides the deadline of get(), which throws TimeoutError for either.
    Duration create_timeout = forever;
};

template <class T>
class ResourcePool;

namespace detail {

template <class T>
struct ResourceOf final : Resource {
    T value;
    explicit ResourceOf(const std::function<T()>& create) : value(create()) {}
};

template <class T>
class ResourceKindOf final : public ResourceKind {
public:
    ResourceKindOf(std::function<T()> create, std::function<bool(T&)> check, std::function<void(T&)> cleanup)
        : create_(std::move(create)), check_(std::move(check)), cleanup_(std::move(cleanup)) {}
    ResourcePtr make() override { return std::make_unique<ResourceOf<T>>(create_); }
    bool check(Resource& resource) override { return check_(static_cast<ResourceOf<T>&>(resource).value); }
    void clean(Resource& resource) override { cleanup_(static_cast<ResourceOf<T>&>(resource).value); }

private:
    std::function<T()> create_;
    std::function<bool(T&)> check_;
    std::function<void(T&)> cleanup_;
};

}  // namespace detail

// The use of a resource, until it is given back. Must be dropped on the OS thread of the pool; on another one the
// resource is reported and leaked. May outlive the pool: the resource is then destroyed with the lease.
template <class T>
class Lease {
public:
    Lease() = default;  // holds none
    Lease(Lease&& other) noexcept = default;
    Lease& operator=(Lease&& other) noexcept {
        if (this != &other) {
            give_back();
            core_ = std::move(other.core_);
            one_ = std::move(other.one_);
            clean_ = other.clean_;
        }
        return *this;
    }
    ~Lease() { give_back(); }

    // Throws: std::logic_error if it holds none.
    T& operator*() const { return value(); }
    T* operator->() const { return std::addressof(value()); }
    // Whether it holds one.
    explicit operator bool() const noexcept { return one_ != nullptr; }

    // Gives the resource back now; a cleanup then runs in another green thread. Does nothing if it holds none.
    // Yields: only if the resource must be destroyed, and its destructor waits; under a Shield.
    void give_back() noexcept { end(clean_ ? detail::LeaseEnd::clean : detail::LeaseEnd::dirty); }

    // For a resource that needs no cleanup, such as after a commit: when this lease ends, there is none.
    void skip_cleanup() noexcept { clean_ = true; }

    // For a broken resource: destroys it at once, and frees its slot. Yields: if its destructor does; under a Shield.
    void discard() noexcept { end(detail::LeaseEnd::broken); }

private:
    friend class ResourcePool<T>;
    Lease(const detail::ResourceCorePtr& core, detail::ResourcePtr one) noexcept : core_(core), one_(std::move(one)) {}

    T& value() const {
        if (one_ == nullptr) {
            detail::refuse_empty_lease();
        }
        return static_cast<detail::ResourceOf<T>&>(*one_).value;
    }
    void end(detail::LeaseEnd how) noexcept {
        if (one_ != nullptr) {
            detail::give_back(*core_, std::move(one_), how);
        }
        core_.reset();
    }

    detail::ResourceCorePtr core_;
    detail::ResourcePtr one_;
    bool clean_ = false;
};

// T may be immovable, and need not be default constructible. Its destructor may wait, such as for the close_notify of a
// TLS connection; it runs in the green thread that drops the resource, under a Shield. Calls from another OS thread
// throw WrongThread.
template <class T>
class ResourcePool {
public:
    using Options = ResourceOptions<T>;  // of this pool's resources

    // create: makes a resource; may wait, and throw. Runs in the green thread whose get() needs it (the first `min`:
    // here).
    // Throws: std::invalid_argument for an empty create, max 0, min > max, a negative size or duration; what create
    // throws.
    explicit ResourcePool(std::function<T()> create, Options options = {}, Site where = Site::here()) {
        if (!create) {
            detail::refuse_empty_callable();
        }
        const detail::ResourceLimits limits{.min = options.min,
                                            .max = options.max,
                                            .newest_first = options.newest_first,
                                            .max_idle = options.max_idle,
                                            .max_age = options.max_age,
                                            .create_timeout = options.create_timeout,
                                            .cleanup_timeout = options.cleanup_timeout,
                                            .checked = options.check != nullptr,
                                            .cleaned = options.cleanup != nullptr};
        core_ = detail::make_resource_core(std::make_unique<detail::ResourceKindOf<T>>(
                                               std::move(create), std::move(options.check), std::move(options.cleanup)),
                                           limits, where);
    }
    ResourcePool(const ResourcePool&) = delete;
    ResourcePool& operator=(const ResourcePool&) = delete;

    // Destroys the idle resources, under a Shield; kills the cleanups that still run, and waits for them. Leases stay
    // valid, and destroy their resources when they end. Callers that are still in get() get a std::logic_error.
    // Yields: if a resource's destructor or a cleanup waits.
    ~ResourcePool() { detail::close_resources(*core_); }

    // Lends an idle resource; else makes one if there are fewer than max; else waits until one is given back or there
    // is room for another.
    // Yields: to wait, and if create or check do. The deadline is for all of this, so it breaks them off too; but the
    // destructor of an idle resource that is too old or broken runs to its end.
    // Throws: TimeoutError if the deadline came first; what create throws, the slot then goes to the next waiter;
    // Interrupt: nothing is taken, and the resource that was being made or checked is destroyed; WrongThread.
    [[nodiscard]] Lease<T> get(Deadline deadline = never) {
        const detail::ResourceCorePtr core = core_;  // which may be destroyed meanwhile
        return Lease<T>(core, detail::lend(*core, deadline, true));
    }

    // As get(), if a resource is idle or there is room for a new one. Returns: nothing if it would have to wait for
    // other green threads. Yields: only if create or check do.
    [[nodiscard]] std::optional<Lease<T>> try_get() {
        const detail::ResourceCorePtr core = core_;
        detail::ResourcePtr one = detail::lend(*core, never, false);
        return one != nullptr ? std::optional(Lease<T>(core, std::move(one))) : std::nullopt;
    }

    // Sets the maximum. Up: waiters make more resources. Down: excess idle ones are destroyed, the longest idle first,
    // and then excess leased ones as they come back. Throws: std::invalid_argument for 0 or less. Yields: if
    // destructors do.
    void resize(Size max) { detail::resize_resources(*core_, max); }

    // Destroys the idle resources. Yields: if destructors do.
    void clear() { detail::clear_resources(*core_); }

    std::size_t max() const noexcept { return detail::counts(*core_).max; }  // the most that may exist
    std::size_t size() const noexcept {
        return detail::counts(*core_).total;
    }  // resources that exist, or are being made or destroyed
    std::size_t idle() const noexcept { return detail::counts(*core_).idle; }  // resources that get() could lend now
    std::size_t leased() const noexcept { return detail::counts(*core_).leased; }  // resources that are lent
    std::size_t waiting() const noexcept { return detail::waiting(*core_); }       // green threads that wait in get()

    // Returns: how many more could be lent without waiting for other green threads: the idle ones, and those that there
    // is room for; not those that are being cleaned up. Negative after the maximum was set below the number leased.
    std::ptrdiff_t free() const noexcept {
        constexpr std::size_t most = PTRDIFF_MAX;  // for an unbounded max
        return static_cast<std::ptrdiff_t>(max() < most ? max() : most) - static_cast<std::ptrdiff_t>(size() - idle());
    }

private:
    detail::ResourceCorePtr core_;
};

}  // namespace tendril
