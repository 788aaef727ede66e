// SPDX-License-Identifier: MIT
//
// ResourceCore: the resources of a ResourcePool, idle and lent.

#include <tendril/detail/pool/resource_core.hpp>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>

#include <tendril/detail/hub/time_out.hpp>
#include <tendril/error.hpp>
#include <tendril/group.hpp>
#include <tendril/timeout.hpp>

#include "base/on_exit.hpp"
#include "base/report.hpp"
#include "hub/here.hpp"
#include "pool/resource_slots.hpp"
#include "pool/shield_if_hub.hpp"

namespace tendril::detail {

namespace {

void check_max(std::size_t max) {
    if (max == 0) {
        throw std::invalid_argument(
            "a ResourcePool of 0 could lease nothing; to destroy the idle resources use clear()");
    }
}

}  // namespace

class ResourceCore final : public ResourceSlots {
public:
    ResourceCore(std::unique_ptr<ResourceKind> kind, const ResourceLimits& limits, Site where)
        : ResourceSlots(limits.max, limited(limits), where), kind_(std::move(kind)), limits_(limits),
          cleaners_(limits.cleaned ? std::make_unique<Group>() : nullptr) {}
    ~ResourceCore() {
        for (List<Resource>* list : {&idle_, &dirty_}) {
            while (Resource* one = list->pop_front()) {
                delete one;
            }
        }
    }

    void prefill();
    ResourcePtr acquire(Deadline deadline, bool may_wait);
    void give_back(ResourcePtr one, LeaseEnd how) noexcept;
    void resize(std::size_t max);

    void clear() {
        check_thread();
        unwatch();
        destroy_idle();
    }
    // Destroys the idle resources; their destructors may wait.
    void close() noexcept {
        const ShieldIfHub shield;
        end();
        end_cleanups();
        destroy_idle();
        join_reaper();
    }
    std::size_t idle() const noexcept { return idle_count_; }

private:
    // A slot and the resource in it: the destructor gives up both, unless they are kept.
    struct Claim {
        ResourceCore& core;
        ResourcePtr& one;
        bool keep = false;
        ~Claim() {
            if (!keep) {
                core.drop(std::move(one));
            }
        }
    };

    static bool limited(const ResourceLimits& limits) noexcept {
        return !limits.max_idle.is_forever() || !limits.max_age.is_forever();
    }
    std::int64_t end_of_age(const Resource& r) const noexcept { return later_by(r.born_ns, limits_.max_age); }
    bool too_old(const Resource& r) const noexcept { return end_of_age(r) <= Deadline::now_ns(); }
    std::int64_t end_of_idleness(const Resource& r) const noexcept {
        return std::min(end_of_age(r), later_by(r.idle_since_ns, limits_.max_idle));
    }

    void make(ResourcePtr& one, Deadline deadline);
    bool usable(Resource& r, Deadline deadline);
    bool unwanted(const Resource& r) const noexcept { return total() > max() || (limited(limits_) && too_old(r)); }
    void lend_next(ResourcePtr one) noexcept;
    void start_cleanup(ResourcePtr one) noexcept;
    void clean_up();
    void end_cleanups() noexcept;
    void put_aside(ResourcePtr one) noexcept;
    ResourcePtr take_idle(bool newest) noexcept;  // requires: idle_ is not empty
    void destroy_idle() noexcept;
    void drop(ResourcePtr one) noexcept {
        const ShieldIfHub shield;
        one.reset();
        free_slot();
    }
    void take_back(void* slot) noexcept override;
    std::int64_t reap() override;

    std::unique_ptr<ResourceKind> kind_;
    ResourceLimits limits_;
    List<Resource> idle_;  // owned; the longest idle first
    std::size_t idle_count_ = 0;
    List<Resource> dirty_;                   // owned; each waits for a green thread in cleaners_ that will clean it
    const std::unique_ptr<Group> cleaners_;  // nullptr: no cleanup
};

void ResourceCore::prefill() {
    for (std::size_t i = 0; i < limits_.min && take_slot(); ++i) {
        ResourcePtr one;
        Claim claim{*this, one};
        make(one, never);
        claim.keep = true;
        put_aside(std::move(one));
    }
}

ResourcePtr ResourceCore::acquire(Deadline deadline, bool may_wait) {
    check_thread();
    ResourcePtr one;
    if (!idle_.empty()) {
        one = take_idle(limits_.newest_first);
    } else if (!take_slot()) {
        if (!may_wait) {
            return nullptr;
        }
        wait(&one, deadline);
        if (one != nullptr) {
            return one;  // give_back() has already counted it as leased
        }
    }
    Claim claim{*this, one};
    if (one != nullptr && !usable(*one, deadline)) {
        const ShieldIfHub shield;
        one.reset();
    }
    if (one == nullptr) {
        make(one, deadline);
    }
    claim.keep = true;
    ++leased_;
    return one;
}

void ResourceCore::give_back(ResourcePtr one, LeaseEnd how) noexcept {
    if (reports_foreign_thread()) {
        static_cast<void>(one.release());
        return;
    }
    --leased_;
    if (how == LeaseEnd::broken || unwanted(*one)) {
        drop(std::move(one));
    } else if (limits_.cleaned && how == LeaseEnd::dirty) {
        start_cleanup(std::move(one));
    } else {
        lend_next(std::move(one));
    }
}

void ResourceCore::lend_next(ResourcePtr one) noexcept {
    if (Waiter* first = waiters_.front(); first != nullptr) {
        *static_cast<ResourcePtr*>(WaitQueue::slot(first)) = std::move(one);
        ++leased_;
        waiters_.hand();
    } else {
        put_aside(std::move(one));
    }
}

// Not in the green thread whose lease ends: that may be unwinding, when neither a kill nor a time limit could break off
// a cleanup that waits. The resource stays in dirty_ until its cleaner runs, since a cleaner that is killed before has
// no place where a destructor could wait.
void ResourceCore::start_cleanup(ResourcePtr one) noexcept {
    Resource& resource = *one;
    dirty_.push_back(*one.release());
    try {
        if (here::has_hub()) {
            auto self = std::static_pointer_cast<ResourceCore>(shared_from_this());
            // For all who wait for the resource, also if a daemon has used it: see background.hpp.
            Fiber& me = here::fiber();
            const OnExit restored([&me, daemon = std::exchange(me.daemon, false)] { me.daemon = daemon; });
            cleaners_->spawn_n({.name = "cleanup of a ResourcePool", .where = where()}, [self] { self->clean_up(); });
            return;
        }
    } catch (...) {  // no stack for it
    }
    resource.unlink();
    drop(ResourcePtr(&resource));
}

void ResourceCore::clean_up() {
    ResourcePtr one(dirty_.pop_front());
    if (one == nullptr) {
        return;
    }
    Claim claim{*this, one};
    bool done = false;
    try {
        done = with_timeout(limits_.cleanup_timeout, [&] { kind_->clean(*one); });
    } catch (const std::runtime_error&) {  // as for the check: such as a broken connection
    }
    if (done && !unwanted(*one)) {
        claim.keep = true;
        lend_next(std::move(one));
    }
}

void ResourceCore::end_cleanups() noexcept {
    try {
        if (cleaners_ != nullptr && here::has_hub() && !cleaners_->empty()) {
            cleaners_->kill();
        }
    } catch (...) {
        report("the end of a ResourcePool could not wait for a cleanup", std::current_exception());
    }
    while (Resource* one = dirty_.pop_front()) {
        drop(ResourcePtr(one));
    }
}

void ResourceCore::resize(std::size_t max) {
    check_thread();
    check_max(max);
    set_max(max);
    while (total() > this->max() && !idle_.empty()) {
        drop(take_idle(false));
    }
}

void ResourceCore::make(ResourcePtr& one, Deadline deadline) {
    refuse_closed();
    const Deadline limit(limits_.create_timeout);
    if (!with_timeout(limit.ns() < deadline.ns() ? limit : deadline, [&] { one = kind_->make(); })) {
        wait_timed_out("ResourcePool::get, making a resource");
    }
    one->born_ns = Deadline::now_ns();
}

bool ResourceCore::usable(Resource& r, Deadline deadline) {
    if (limited(limits_) && end_of_idleness(r) <= Deadline::now_ns()) {
        return false;
    }
    if (!limits_.checked) {
        return true;
    }
    bool healthy = false;
    const bool in_time = with_timeout(deadline, [&] {
        try {
            healthy = kind_->check(r);
        } catch (const std::runtime_error&) {  // such as for a broken connection; bugs of the caller are logic_errors
        }
    });
    if (!in_time) {
        wait_timed_out("ResourcePool::get, checking a resource");
    }
    return healthy;
}

void ResourceCore::put_aside(ResourcePtr one) noexcept {
    if (limited(limits_)) {
        one->idle_since_ns = Deadline::now_ns();
        watch(end_of_idleness(*one));
    }
    idle_.push_back(*one.release());
    ++idle_count_;
}

ResourcePtr ResourceCore::take_idle(bool newest) noexcept {
    ResourcePtr one(newest ? idle_.pop_back() : idle_.pop_front());
    if (--idle_count_ == 0) {
        unwatch();
    }
    return one;
}

// Destroys the resources that are idle now. Their destructors may wait, and more may become idle meanwhile.
void ResourceCore::destroy_idle() noexcept {
    List<Resource> all;
    while (Resource* one = idle_.pop_front()) {
        all.push_back(*one);
    }
    idle_count_ = 0;
    while (Resource* one = all.pop_front()) {
        drop(ResourcePtr(one));
    }
}

void ResourceCore::take_back(void* slot) noexcept {
    if (auto& one = *static_cast<ResourcePtr*>(slot); one == nullptr) {
        lose_slot();
    } else {
        --leased_;
        put_aside(std::move(one));
    }
}

std::int64_t ResourceCore::reap() {
    std::int64_t next = INT64_MAX;
    for (Resource* one = idle_.front(); one != nullptr;) {
        if (const std::int64_t end = end_of_idleness(*one); end > Deadline::now_ns()) {
            next = std::min(next, end);
            one = idle_.after(*one);
        } else {
            one->unlink();
            --idle_count_;
            drop(ResourcePtr(one));  // may wait, and the list may change meanwhile
            one = idle_.front();
            next = INT64_MAX;
        }
    }
    return next;
}

ResourceCorePtr make_resource_core(std::unique_ptr<ResourceKind> kind, const ResourceLimits& limits, Site where) {
    check_max(limits.max);
    if (limits.min > limits.max) {
        throw std::invalid_argument("a ResourcePool is to make " + std::to_string(limits.min) +
                                    " resources up front and have at most " + std::to_string(limits.max) +
                                    "; let min be at most max");
    }
    auto core = std::make_shared<ResourceCore>(std::move(kind), limits, where);
    try {
        core->prefill();
    } catch (...) {
        core->close();
        throw;
    }
    return core;
}

ResourcePtr lend(ResourceCore& core, Deadline deadline, bool may_wait) {
    return core.acquire(deadline, may_wait);
}

void give_back(ResourceCore& core, ResourcePtr one, LeaseEnd how) noexcept {
    core.give_back(std::move(one), how);
}

void close_resources(ResourceCore& core) noexcept {
    core.close();
}

void clear_resources(ResourceCore& core) {
    core.clear();
}

void resize_resources(ResourceCore& core, std::size_t max) {
    core.resize(max);
}

ResourceCounts counts(const ResourceCore& core) noexcept {
    return {core.max(), core.total(), core.idle(), core.leased()};
}

std::size_t waiting(const ResourceCore& core) noexcept {
    return core.waiting();
}

void refuse_empty_lease() {
    throw std::logic_error("this Lease holds no resource: it was moved from, given back or discarded");
}

}  // namespace tendril::detail
