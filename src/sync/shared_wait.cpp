// SPDX-License-Identifier: MIT

#include <tendril/detail/shared_wait.hpp>

#include <cstdlib>
#include <string>

#include "base/few.hpp"
#include "base/report.hpp"
#include "hub/hub_core.hpp"

namespace tendril::detail {

// One wait of one green thread, on its stack. Seen by other OS threads only through the object's list, so under the
// object's mutex, and through its hub's mailbox.
struct SharedWaiter : ListNode {
    Waiter waiter;  // the hub's
    struct Mail : Letter {
        SharedWaiter& owner;
        explicit Mail(SharedWaiter& o) noexcept : Letter(&SharedWaiter::arrived), owner(o) {}
    } letter{*this};
    struct Presence : Expectation {
        SharedWaiter& owner;
        explicit Presence(SharedWaiter& o) noexcept : Expectation(&SharedWaiter::hub_ended), owner(o) {}
    } presence{*this};
    std::mutex& mutex;  // the object's

    // Under it:
    void* const slot;
    Outcome decided = Outcome::waiting;  // once it is not, the letter has been sent

    SharedWaiter(const char* what, std::mutex& m, void* s) : waiter(what), mutex(m), slot(s) {}

    void decide(Outcome outcome) noexcept {
        decided = outcome;
        ListNode::unlink();
        waiter.fiber.hub.mailbox->send(letter);  // whose hub lives: it ends after those who wait in it
    }

    TENDRIL_OPAQUE Outcome wait(std::unique_lock<std::mutex>& held, List<SharedWaiter>& waiters, Deadline deadline) {
        waiter.prepare(deadline);  // may throw; nobody knows of this one yet
        presence.begin(waiter.fiber.hub);
        waiters.push_back(*this);
        held.unlock();
        waiter.suspend();
        leave(held);
        return waiter.settle();
    }

private:
    // The letter need not have arrived: the wait may have been broken off before.
    void leave(std::unique_lock<std::mutex>& held) noexcept {
        presence.end(waiter.fiber.hub);
        held.lock();
        ListNode::unlink();
        const Outcome outcome = decided;
        held.unlock();
        if (outcome == Outcome::waiting) {
            return;
        }
        if (waiter.outcome != outcome) {
            waiter.fiber.hub.mailbox->withdraw(letter);
        }
        if (outcome == Outcome::handed || waiter.outcome == Outcome::timed_out) {
            waiter.outcome = outcome;  // else an interrupt that came first is thrown: nothing is lost by it
        }
    }

    static void arrived(Letter& letter, HubCore* hub) noexcept {
        SharedWaiter& self = static_cast<Mail&>(letter).owner;
        if (hub != nullptr) {
            self.waiter.resolve(self.decided);  // written before the letter was sent
        }
    }

    // It would not end with its hub, and never runs again.
    static void hub_ended(Expectation& expectation, bool forked) noexcept {
        SharedWaiter& self = static_cast<Presence&>(expectation).owner;
        std::unique_lock lock(self.mutex, std::defer_lock);
        if (forked ? lock.try_lock() : (lock.lock(), true)) {
            self.ListNode::unlink();
        }  // else the object can never be used in this process
    }
};

SharedWaitQueue::SharedWaitQueue(const char* object) noexcept : object_(object) {}

SharedWaitQueue::~SharedWaitQueue() {
    if (!any()) {
        return;
    }
    Few who;
    waiters_.for_each([&](const SharedWaiter& each) { who.add(each.waiter.fiber.id); });
    report(std::string(object_) + " was destroyed while green threads waited for it: " + who.text() +
           "; let it outlive them");
    std::abort();
}

Outcome SharedWaitQueue::wait(std::unique_lock<std::mutex>& held, const char* what, void* slot, Deadline deadline) {
    SharedWaiter waiter(what, *held.mutex(), slot);
    return waiter.wait(held, waiters_, deadline);
}

void* SharedWaitQueue::front_slot() noexcept {
    return waiters_.front()->slot;
}

void SharedWaitQueue::hand() noexcept {
    waiters_.front()->decide(Outcome::handed);
}

void SharedWaitQueue::wake_all(Outcome with) noexcept {
    while (SharedWaiter* first = waiters_.front()) {
        first->decide(with);
    }
}

std::size_t SharedWaitQueue::size() const noexcept {
    std::size_t n = 0;
    waiters_.for_each([&](const SharedWaiter&) { ++n; });
    return n;
}

}  // namespace tendril::detail
