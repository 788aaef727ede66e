// SPDX-License-Identifier: MIT

#include <tendril/detail/base/check.hpp>
#include <tendril/detail/sync/shared_wait.hpp>

#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

#include "base/few.hpp"
#include "base/report.hpp"
#include "base/spin.hpp"
#include "hub/here.hpp"
#include "hub/mailbox.hpp"
#include "hub/waiter.hpp"

namespace tendril::detail {

// One wait of one green thread, on its stack. Other OS threads see it only through the object's list, and so under the
// object's mutex, and through its hub's mailbox.
struct SharedWaiter : ListNode {
    Waiter waiter;  // belongs to the hub
    struct Mail : Letter {
        SharedWaiter& owner;
        explicit Mail(SharedWaiter& o) noexcept : Letter(&SharedWaiter::arrived), owner(o) {}
    } letter{*this};
    struct Presence : Expectation {
        SharedWaiter& owner;
        explicit Presence(SharedWaiter& o) noexcept : Expectation(&SharedWaiter::hub_gone), owner(o) {}
    } presence{*this};
    SharedWaitQueue& queue;
    SharedMutex& mutex;  // belongs to the object

    void* const slot;
    Outcome decided = Outcome::waiting;  // under the mutex; once it is decided, the letter has been sent

    SharedWaiter(const char* what, SharedWaitQueue& q, void* s) : waiter(what), queue(q), mutex(q.mutex_), slot(s) {}

    // With the mutex held, which Clang knows by its owner's name. So also SharedWatch::send().
    TENDRIL_NOT_ANALYZED void decide(Outcome outcome) noexcept {
        TENDRIL_ASSERT(decided == Outcome::waiting && outcome != Outcome::waiting);
        decided = outcome;
        ListNode::unlink();
        if (Scheduler& hub = waiter.fiber.hub; &hub == Scheduler::if_any()) {
            waiter.resolve(outcome);  // from its own OS thread: no letter
        } else {
            // That hub still lives: it ends after the green threads that wait in it.
            mailbox_of(hub).send(letter, mutex.bell());
        }
    }

    TENDRIL_OPAQUE TENDRIL_NOT_ANALYZED Outcome wait(SharedLock& held, Deadline deadline) {
        waiter.prepare(deadline);  // may throw; this waiter is not visible yet
        presence.begin();
        queue.waiters_.push_back(*this);
        held.unlock();
        waiter.suspend();
        leave(held);
        return waiter.settle();
    }

private:
    // The letter may not have arrived yet: a kill or a deadline may have interrupted the wait before.
    TENDRIL_NOT_ANALYZED void leave(SharedLock& held) noexcept {
        held.lock();
        presence.end();  // what was handed to it belongs to it from now on, also for a fork()
        ListNode::unlink();
        const Outcome outcome = decided;
        held.unlock();
        if (outcome == Outcome::waiting) {
            return;
        }
        if (waiter.outcome != outcome) {
            mailbox_of(waiter.fiber.hub).withdraw(letter);
        }
        waiter.outcome = outcome;  // also if a kill or a deadline interrupted the wait: it came too late
    }

    static void arrived(Letter& letter, bool hub_lives) noexcept {
        SharedWaiter& self = static_cast<Mail&>(letter).owner;
        if (hub_lives) {
            self.waiter.resolve(self.decided);  // written before the letter was sent
        }
    }

    // The green thread never runs again. Gives back what was handed to it and what it had not taken.
    static void hub_gone(Expectation& expectation, HubGone how) noexcept {
        SharedWaiter& self = static_cast<Presence&>(expectation).owner;
        const SharedLock lock(self.mutex);
        expectation.end();
        self.ListNode::unlink();
        if (how != HubGone::ended && self.decided == Outcome::handed) {
            self.queue.giver_.take_back(self.slot);
        }
    }
};

// The watch of one Observer, which owns it; the Observer's hub gets the letter. Visible to other OS threads as a
// SharedWaiter is.
struct SharedWatch final : Observer::Bond, ListNode {
    struct Mail : Letter {
        SharedWatch& owner;
        explicit Mail(SharedWatch& o) noexcept : Letter(&SharedWatch::arrived), owner(o) {}
    } letter{*this};
    struct Presence : Expectation {
        SharedWatch& owner;
        explicit Presence(SharedWatch& o) noexcept : Expectation(&SharedWatch::hub_gone), owner(o) {}
    } presence{*this};
    SharedMutex& mutex;
    Scheduler& hub;
    Observer& observer;
    bool sent = false;         // under the mutex
    bool has_arrived = false;  // belongs to the hub

    SharedWatch(SharedMutex& m, Observer& o) : mutex(m), hub(Scheduler::here()), observer(o) { presence.begin(); }
    SharedWatch(const SharedWatch&) = delete;
    SharedWatch& operator=(const SharedWatch&) = delete;
    ~SharedWatch() override {
        bool under_way = false;
        {
            const SharedLock lock(mutex);
            presence.end();
            ListNode::unlink();
            under_way = sent && !has_arrived;
        }
        if (under_way) {
            mailbox_of(hub).withdraw(letter);
        }
    }

    TENDRIL_NOT_ANALYZED void send() noexcept {
        sent = true;
        ListNode::unlink();
        mailbox_of(hub).send(letter, mutex.bell());
    }

private:
    static void arrived(Letter& letter, bool hub_lives) noexcept {
        SharedWatch& self = static_cast<Mail&>(letter).owner;
        self.has_arrived = true;
        if (hub_lives) {
            self.observer.notify(self.observer);
        }
    }
    static void hub_gone(Expectation& expectation, HubGone) noexcept {
        SharedWatch& self = static_cast<Presence&>(expectation).owner;
        const SharedLock lock(self.mutex);
        expectation.end();
        self.ListNode::unlink();
    }
};

bool may_spin() noexcept {
    return here::may_spin();
}

bool spin_until(bool (*done)(const void* object), const void* object) noexcept {
    return here::spin_until(done, object);
}

void spin_on() noexcept {
    constexpr std::int64_t moment_ns = 1'000;  // some ten cache lines' way from one processor to another
    const std::int64_t until = Deadline::now_ns() + moment_ns;
    do {
        for (int i = 0; i < 4; ++i) {
            spin_once();
        }
    } while (Deadline::now_ns() < until);
}

SharedWaitQueue::SharedWaitQueue(SharedMutex& mutex, const char* object, Giver giver) noexcept
    : mutex_(mutex), object_(object), giver_(giver) {}

SharedWaitQueue::~SharedWaitQueue() {
    if (!watches_.empty()) {
        report(std::string(object_) +
               " was destroyed while wait(), iwait() or get_any() watched it; let it outlive them");
        std::abort();
    }
    if (!any()) {
        return;
    }
    Few who;
    waiters_.for_each([&](const SharedWaiter& each) { who.add(each.waiter.fiber.id); });
    report(std::string(object_) + " was destroyed while green threads waited for it: " + who.text() +
           "; let it outlive them");
    std::abort();
}

Outcome SharedWaitQueue::wait(SharedLock& held, const char* what, void* slot, Deadline deadline) {
    SharedWaiter waiter(what, *this, slot);
    return waiter.wait(held, deadline);
}

void* SharedWaitQueue::first_slot() noexcept {
    TENDRIL_ASSERT(any());
    return waiters_.front()->slot;
}

void SharedWaitQueue::wake_first(Outcome with) noexcept {
    TENDRIL_ASSERT(any());
    waiters_.front()->decide(with);
}

void SharedWaitQueue::wake_all(Outcome with) noexcept {
    while (SharedWaiter* first = waiters_.front()) {
        first->decide(with);
    }
}

void SharedWaitQueue::observe(Observer& observer, bool ready) const {
    if (ready) {
        observer.notify(observer);
        return;
    }
    auto watch = std::make_unique<SharedWatch>(mutex_, observer);
    watches_.push_back(*watch);
    observer.bond = std::move(watch);
}

void SharedWaitQueue::notify_observers() noexcept {
    while (SharedWatch* first = watches_.front()) {
        first->send();
    }
}

std::size_t SharedWaitQueue::size() const noexcept {
    std::size_t n = 0;
    waiters_.for_each([&](const SharedWaiter&) { ++n; });
    return n;
}

}  // namespace tendril::detail
