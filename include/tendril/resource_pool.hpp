// SPDX-License-Identifier: MIT
// Floor: pool
//
// ResourcePool: keeps a bounded number of things that are dear to make, such as connections, and lends them to the
// green threads of one hub.
//
//     ResourcePool<TcpSocket> pool([] { return connect("db:5432"); }, {.max = 4, .max_idle = 30s});
//     {
//         auto connection = pool.get(2s);      // a Lease: an idle one, or a new one, or waits for one
//         connection->send_all(query);
//     }                                        // given back here
//
// Waiters are served first come, first served, and what is given back goes straight to the first of them, without
// switching; who timed out or was killed takes none. Example: examples/resource_pool.cpp

#pragma once

#include <cstddef>
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

template <class T>
struct ResourceOptions {
    Size min = 0;  // so many are made by the constructor; later there may be fewer
    Size max = 4;  // never more exist, those being made and being destroyed included

    // Which idle one is lent: the one that came back last (few are kept busy, the others grow old), or the one that
    // is idle longest (all are used in turn).
    bool newest_first = true;

    // Idle ones that nobody wanted for so long are destroyed, also when nobody calls; so are those that were made so
    // long ago, when they are idle or come back.
    Duration max_idle = forever;
    Duration max_age = forever;

    // Asked before an idle one is lent; may wait. When it answers false or throws a std::runtime_error (all of the
    // system's errors are) the resource is destroyed, and a new one made in its place. What else it throws, the caller
    // of get() gets; the resource is destroyed then too.
    std::function<bool(T&)> check = nullptr;
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
    ResourceKindOf(std::function<T()> create, std::function<bool(T&)> check)
        : create_(std::move(create)), check_(std::move(check)) {}
    ResourcePtr make() override { return std::make_unique<ResourceOf<T>>(create_); }
    bool check(Resource& resource) override { return check_(static_cast<ResourceOf<T>&>(resource).value); }

private:
    std::function<T()> create_;
    std::function<bool(T&)> check_;
};

}  // namespace detail

// A resource, until it is given back. Whose it was to use, drops it: in the OS thread of the pool, that is; dropped in
// another one it is reported and leaked. May outlive the pool: the resource is destroyed with the lease then.
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
        }
        return *this;
    }
    ~Lease() { give_back(); }

    // Throws: std::logic_error when it holds none.
    T& operator*() const { return value(); }
    T* operator->() const { return std::addressof(value()); }
    explicit operator bool() const noexcept { return one_ != nullptr; }

    // Gives it back now. Nothing when it holds none.
    // Yields: only if the resource must be destroyed, and its destructor waits; under a Shield.
    void give_back() noexcept { end(false); }

    // It is broken: destroys it here and now, and frees its slot. Yields: if its destructor does; under a Shield.
    void discard() noexcept { end(true); }

private:
    friend class ResourcePool<T>;
    Lease(const detail::ResourceCorePtr& core, detail::ResourcePtr one) noexcept : core_(core), one_(std::move(one)) {}

    T& value() const {
        if (one_ == nullptr) {
            detail::refuse_empty_lease();
        }
        return static_cast<detail::ResourceOf<T>&>(*one_).value;
    }
    void end(bool broken) noexcept {
        if (one_ != nullptr) {
            detail::give_back(*core_, std::move(one_), broken);
        }
        core_.reset();
    }

    detail::ResourceCorePtr core_;
    detail::ResourcePtr one_;
};

// T may be immovable, and need not be default constructible; its destructor may wait, as that of a TLS connection that
// says good-bye. It runs in the green thread that drops the resource, under a Shield.
template <class T>
class ResourcePool {
public:
    using Options = ResourceOptions<T>;

    // create: makes one; may wait, and throw. Runs in the green thread whose get() needs it (the first `min`: here).
    // Throws: std::invalid_argument for an empty create, max 0, min > max, a negative size or duration; what create
    // throws.
    explicit ResourcePool(std::function<T()> create, Options options = {}, Site where = Site::here()) {
        if (!create) {
            detail::refuse_empty_callable();
        }
        const detail::ResourceLimits limits{options.min,      options.max,     options.newest_first,
                                            options.max_idle, options.max_age, options.check != nullptr};
        core_ = detail::make_resource_core(
            std::make_unique<detail::ResourceKindOf<T>>(std::move(create), std::move(options.check)), limits, where);
    }
    ResourcePool(const ResourcePool&) = delete;
    ResourcePool& operator=(const ResourcePool&) = delete;

    // Destroys the idle ones, under a Shield. Leases that are out stay good, and destroy theirs when they end. Who is
    // in get() still gets a std::logic_error. Yields: when a resource's destructor waits.
    ~ResourcePool() { detail::close_resources(*core_); }

    // Lends an idle one; else, when there are fewer than max, makes one; else waits until one is given back or there is
    // room for another.
    // Yields: to wait for one, and if create or check do; the deadline is for all of it: it breaks them off too. The
    // destructor of an idle one that proves too old or broken runs to its end.
    // Throws: TimeoutError when the deadline came first; what create throws, its slot goes to the next then; Interrupt:
    // nothing is taken, and what was being made or checked is gone; WrongThread.
    [[nodiscard]] Lease<T> get(Deadline deadline = never) {
        const detail::ResourceCorePtr core = core_;  // which may be destroyed meanwhile
        return Lease<T>(core, detail::lend(*core, deadline, true));
    }

    // As get(), when one is idle or there is room for a new one. Returns: nothing when it would have to wait for
    // others. Yields: only if create or check do.
    [[nodiscard]] std::optional<Lease<T>> try_get() {
        const detail::ResourceCorePtr core = core_;
        detail::ResourcePtr one = detail::lend(*core, never, false);
        return one != nullptr ? std::optional(Lease<T>(core, std::move(one))) : std::nullopt;
    }

    // Up: those who wait make more. Down: idle ones too many are destroyed, the longest idle first; of those that are
    // out, the next that come back. Throws: std::invalid_argument for 0 or less. Yields: if destructors do.
    void resize(Size max) { detail::resize_resources(*core_, max); }

    // Destroys the idle ones. Yields: if destructors do.
    void clear() { detail::clear_resources(*core_); }

    std::size_t max() const noexcept { return detail::counts(*core_).max; }
    std::size_t size() const noexcept {
        return detail::counts(*core_).total;
    }  // that exist, or are being made or destroyed
    std::size_t idle() const noexcept { return detail::counts(*core_).idle; }
    std::size_t leased() const noexcept { return detail::counts(*core_).leased; }
    std::size_t waiting() const noexcept { return detail::waiting(*core_); }

    // How many more could be lent without waiting for others: the idle ones, and those that there is room for. Negative
    // after it was made smaller while more were out.
    std::ptrdiff_t free() const noexcept {
        return static_cast<std::ptrdiff_t>(max()) - static_cast<std::ptrdiff_t>(size() - idle());
    }

private:
    detail::ResourceCorePtr core_;
};

}  // namespace tendril
