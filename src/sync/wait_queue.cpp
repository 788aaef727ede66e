// SPDX-License-Identifier: MIT

#include <tendril/detail/wait_queue.hpp>

#include <cstdlib>
#include <string>

#include "base/report.hpp"
#include "hub/hub_core.hpp"

namespace tendril::detail {

WaitQueue::WaitQueue(const char* object) noexcept : object_(object) {}

WaitQueue::~WaitQueue() {
    if (!observers_.empty()) {
        report(std::string(object_) + " was destroyed while wait() or iwait() watched it; let it outlive them");
        std::abort();
    }
    if (!any()) {
        return;
    }
    std::string who;
    while (Waiter* waiter = front()) {
        who += (who.empty() ? "" : ", ") + std::to_string(waiter->fiber.id);
        waiter->ListNode::unlink();
    }
    report(std::string(object_) + " was destroyed while green threads waited for it: " + who + "; let it outlive them");
    std::abort();
}

void WaitQueue::check_thread() const {
    const std::uint64_t here = OsThread::current_serial();
    if (owner_ == here && here != 0) [[likely]] {
        return;
    }
    if (owner_ != 0) {
        throw WrongThread(object_, owner_, here);
    }
    owner_ = HubCore::here().os.serial;
}

Outcome WaitQueue::wait(const char* what, void* slot, Deadline deadline) {
    Waiter waiter(what);
    waiter.slot = slot;
    waiters_.push_back(waiter);
    return waiter.wait(deadline);
}

Waiter* WaitQueue::front() noexcept {
    for (;;) {
        Waiter* first = waiters_.front();
        if (first == nullptr || first->open()) {
            return first;
        }
        first->ListNode::unlink();
    }
}

void* WaitQueue::slot(Waiter* waiter) noexcept {
    return waiter->slot;
}

void WaitQueue::hand() noexcept {
    Waiter* first = front();
    first->ListNode::unlink();
    first->resolve(Outcome::handed);
}

void WaitQueue::wake_all(Outcome with) noexcept {
    while (Waiter* first = waiters_.pop_front()) {
        first->resolve(with);
    }
}

std::size_t WaitQueue::size() const noexcept {
    std::size_t n = 0;
    waiters_.for_each([&](const Waiter& waiter) { n += waiter.open() ? 1 : 0; });
    return n;
}

void WaitQueue::observe(Observer& observer) const {
    check_thread();
    observers_.push_back(observer);
}

std::uint64_t current_id() {
    return HubCore::here().current->id;
}

}  // namespace tendril::detail
