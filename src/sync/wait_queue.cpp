// SPDX-License-Identifier: MIT

#include <tendril/detail/base/check.hpp>
#include <tendril/detail/sync/wait_queue.hpp>

#include <cstdlib>
#include <exception>
#include <string>

#include "base/few.hpp"
#include "base/on_exit.hpp"
#include "base/report.hpp"
#include "hub/here.hpp"
#include "hub/waiter.hpp"
#include "sync/waiter_space.hpp"

namespace tendril::detail {

namespace {

// Names the exception that may have led here, since it will not be reported any more.
const char* while_unwinding() noexcept {
    return std::uncaught_exceptions() > 0 ? "; an exception was leaving the scope that destroyed it" : "";
}

}  // namespace

WaitQueue::WaitQueue(const char* object, Giver giver, SlotUse slots) noexcept
    : object_(object), giver_(giver), slots_(slots) {}

WaitQueue::~WaitQueue() {
    if (!observers_.empty()) {
        report(std::string(object_) + " was destroyed while wait() or iwait() watched it; let it outlive them" +
               while_unwinding());
        std::abort();
    }
    if (!any()) {
        forget_handed();
        return;
    }
    Few who;
    while (Waiter* waiter = front()) {
        who.add(waiter->fiber.id);
        waiter->ListNode::unlink();
    }
    report(std::string(object_) + " was destroyed while green threads waited for it: " + who.text() +
           "; let it outlive them, or end them first: kill(), shutdown()" + while_unwinding());
    std::abort();
}

void WaitQueue::check_thread() const {
    if (const std::uint64_t here = OsThread::current_serial(); owner_ != here || here == 0) [[unlikely]] {
        check_thread_first();
    }
}

[[gnu::noinline]] void WaitQueue::check_thread_first() const {
    if (owner_ != 0) {
        throw WrongThread(object_, owner_, OsThread::current_serial());
    }
    owner_ = here::owner();
}

// GCC 12 does not see that the waiter's destructor takes it out of the list.
#pragma GCC diagnostic push
#if !defined(__clang__)
#pragma GCC diagnostic ignored "-Wdangling-pointer"
#endif
void WaitQueue::begin_wait(WaiterSpace& space, const char* what, void* slot, Deadline deadline) {
    Waiter& waiter = make_waiter(space, what);
    waiter.slot = slot;
    waiter.slot_use = slots_;
    waiter.prepare(deadline);
    TENDRIL_ASSERT(waiter.open());
    waiters_.push_back(waiter);
    waiter.note();
}

Outcome WaitQueue::end_wait(WaiterSpace& space) {
    const OnExit destroyed([waiter = space.waiter] { waiter->~Waiter(); });
    space.waiter->resumed();
    return space.waiter->settle();
}

Outcome WaitQueue::wait(const char* what, void* slot, Deadline deadline) {
    Waiter waiter(what);
    waiter.slot = slot;
    waiter.slot_use = slots_;
    waiters_.push_back(waiter);
    return waiter.wait_inline(deadline);
}
#pragma GCC diagnostic pop

void WaitQueue::add(Waiter& waiter) noexcept {
    waiters_.push_back(waiter);
}

// Handles the usual case without a frame of its own: each hand-over calls this once or twice.
Waiter* WaitQueue::first_open() noexcept {
    Waiter* first = waiters_.front();
    return first == nullptr || first->plainly_open() ? first : first_open_of_all();
}

Waiter* WaitQueue::first_open_of_all() noexcept {
    Waiter* first = waiters_.front();
    while (first != nullptr && !first->open()) {
        first->ListNode::unlink();
        first = waiters_.front();
    }
    return first;
}

void* WaitQueue::first_slot() noexcept {
    Waiter* first = first_open();
    return first != nullptr ? first->slot : nullptr;
}

void* WaitQueue::slot(Waiter* waiter) noexcept {
    return waiter->slot;
}

void WaitQueue::wake_first(Outcome with) noexcept {
    TENDRIL_ASSERT(first_open() != nullptr && first_open() == waiters_.front());
    Waiter& first = *waiters_.front();  // open, as any() left it
    Waiter& taker = first.outcome == Outcome::stands_in ? static_cast<StandIn&>(first).whole : first;
    first.ListNode::unlink();
    first.decide(with);
    if (with == Outcome::handed) {
        taker.handed_by(giver_);
        last_handed_ = first.fiber.hub.ready.end_place();
    }
}

// Makes the waiters that were handed something and have not run yet forget this queue.
void WaitQueue::forget_handed() noexcept {
    Scheduler* hub = Scheduler::if_any();
    if (giver_.take == nullptr || hub == nullptr || owner_ != hub->os.serial || hub->ready.is_past(last_handed_)) {
        return;
    }
    for (std::size_t i = 0; i < hub->ready.size(); ++i) {
        if (Waiter* waiter = hub->ready.at(i).waiter; waiter != nullptr && waiter->giver() == &giver_) {
            waiter->forget_giver();
        }
    }
}

// Each waiter lies on a stack of its own, mostly cold: touches it once, and prefetches the next one meanwhile.
void WaitQueue::wake_all(Outcome with) noexcept {
    waiters_.take_all([with](Waiter& waiter) { waiter.resolve(with); });
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
    return here::fiber().id;
}

}  // namespace tendril::detail
