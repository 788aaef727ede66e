// SPDX-License-Identifier: MIT

#include "pool/resource_slots.hpp"

#include <stdexcept>
#include <string>

#include <tendril/detail/hub/time_out.hpp>
#include <tendril/shield.hpp>

#include "base/report.hpp"
#include "hub/here.hpp"
#include "hub/waiter.hpp"

namespace tendril::detail {

std::int64_t later_by(std::int64_t from_ns, Duration duration) noexcept {
    return Deadline::after(from_ns, duration).ns();
}

// A timer alone can't run users' destructors, and a green thread that sleeps until then would waste a stack. So the
// timer makes the hub spawn a green thread when there is something to do.
struct ResourceSlots::Alarm final : Timer, HubCallback {
    ResourceSlots& slots;
    Scheduler& hub;
    std::int64_t when = INT64_MAX;  // armed for

    explicit Alarm(ResourceSlots& s) : Timer(&Alarm::due), slots(s), hub(Scheduler::here()) { here::prepare_to_post(); }
    ~Alarm() { stop(); }

    bool hub_lives() const noexcept { return Scheduler::if_any() == &hub; }

    void arm(std::int64_t when_ns) {
        hub.timers.arm_background(*this, when_ns);
        when = when_ns;
    }
    void disarm() noexcept { hub.timers.cancel(*this); }
    void stop() noexcept {
        if (hub_lives()) {
            disarm();
            ListNode::unlink();
        }
    }

    static void due(Timer& timer) noexcept {
        auto& self = static_cast<Alarm&>(timer);
        here::post(self);
    }

    void run() noexcept override {
        try {
            slots.start_reaper();
        } catch (...) {  // no stack: tries again when the next resource becomes idle
        }
    }
};

ResourceSlots::ResourceSlots(std::size_t max, bool watched, Site where) : max_(max), where_(where) {
    check_thread();
    if (watched) {
        alarm_ = std::make_unique<Alarm>(*this);
    }
}

ResourceSlots::~ResourceSlots() = default;

bool ResourceSlots::reaping() const noexcept {
    return (alarm_ != nullptr && alarm_->linked()) || (reaper_ && !reaper_.ready());
}

bool ResourceSlots::reports_foreign_thread() const noexcept {
    try {
        check_thread();
        return false;
    } catch (const WrongThread& e) {
        report(std::string("a Lease was dropped on a foreign OS thread, its resource is leaked: ") + e.what());
    } catch (...) {
        report("a Lease was dropped on a foreign OS thread, its resource is leaked");
    }
    return true;
}

bool ResourceSlots::take_slot() noexcept {
    if (total_ >= max_) {
        return false;
    }
    ++total_;
    return true;
}

void ResourceSlots::free_slot() noexcept {
    if (total_ <= max_ && waiters_.any()) {
        waiters_.hand();
    } else {
        --total_;
    }
}

void ResourceSlots::wait(void* slot, Deadline deadline) {
    refuse_closed();
    switch (waiters_.wait("ResourcePool::get", slot, deadline)) {
    case Outcome::timed_out:
        wait_timed_out("ResourcePool::get");
    case Outcome::closed:
        refuse_closed();
        break;
    default:
        break;
    }
}

void ResourceSlots::refuse_closed() const {
    if (closed_) {
        throw std::logic_error(
            "a ResourcePool was destroyed while a green thread was in its get(); let it outlive its users");
    }
}

void ResourceSlots::set_max(std::size_t max) noexcept {
    max_ = max;
    while (waiters_.any() && take_slot()) {
        waiters_.hand();
    }
}

void ResourceSlots::end() noexcept {
    closed_ = true;
    max_ = 0;
    unwatch();
    waiters_.wake_all(Outcome::closed);
}

void ResourceSlots::start_reaper() {
    const SpawnOptions options{.name = "reaper of a ResourcePool", .where = where_};
    auto self = std::static_pointer_cast<ResourceSlots>(shared_from_this());
    reaper_ = spawn(options, [self] {
        const Shield shield;  // it only destroys, and destructors must not be interrupted
        const std::int64_t next = self->reap();
        self->reaper_ = {};
        self->watch(next);
    });
}

// The wait may fail if the whole hub has nothing left to do. The reaper itself owns what it still has to destroy.
void ResourceSlots::join_reaper() noexcept {
    try {
        if (reaper_ && here::has_hub()) {
            const Shield shield;
            reaper_.join();
        }
    } catch (...) {
        report("the end of a ResourcePool could not wait for a resource that is being destroyed",
               std::current_exception());
    }
}

void ResourceSlots::watch(std::int64_t when_ns) noexcept {
    if (alarm_ == nullptr || reaping() || closed_ || when_ns == INT64_MAX || !alarm_->hub_lives() ||
        (alarm_->armed() && alarm_->when <= when_ns)) {
        return;
    }
    alarm_->disarm();
    try {
        alarm_->arm(when_ns);
    } catch (...) {  // out of memory: tries again when the next resource becomes idle
        return;
    }
}

void ResourceSlots::unwatch() noexcept {
    if (alarm_ != nullptr) {
        alarm_->stop();
    }
}

}  // namespace tendril::detail
