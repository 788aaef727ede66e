// SPDX-License-Identifier: MIT

#include <tendril/lock.hpp>

#include <stdexcept>
#include <string>

#include <tendril/shield.hpp>

#include "base/on_exit.hpp"
#include "hub/waiter.hpp"

namespace tendril {

using detail::current_id;
using detail::Outcome;

bool Lock::take(Deadline deadline) {
    if (try_lock()) {
        return true;
    }
    if (held_by_me()) {
        throw std::logic_error("green thread " + std::to_string(owner_) +
                               " waits for a Lock that it holds, which would never end; use an RLock");
    }
    return waiters_.wait("Lock::acquire", &owner_, deadline) == Outcome::handed;
}

bool Lock::try_lock() {
    waiters_.check_thread();
    if (owner_ != 0) {
        return false;
    }
    owner_ = current_id();
    return true;
}

void Lock::unlock() {
    waiters_.check_thread();
    if (!held_by_me()) {
        throw std::logic_error("a Lock was released by green thread " + std::to_string(current_id()) + ", and " +
                               (owner_ == 0 ? "no one" : "green thread " + std::to_string(owner_)) + " holds it");
    }
    detail::Waiter* next = waiters_.front();
    owner_ = next != nullptr ? next->fiber.id : 0;
    if (next != nullptr) {
        waiters_.hand();
    } else {
        waiters_.notify_observers();
    }
}

bool Lock::held_by_me() const {
    return owner_ != 0 && owner_ == current_id();
}

bool RLock::take(Deadline deadline) {
    if (!lock_.held_by_me() && !lock_.take(deadline)) {
        return false;
    }
    ++depth_;
    return true;
}

bool RLock::try_lock() {
    if (!lock_.held_by_me() && !lock_.try_lock()) {
        return false;
    }
    ++depth_;
    return true;
}

void RLock::unlock() {
    if (depth_ == 1 || !lock_.held_by_me()) {
        lock_.unlock();  // throws if this green thread does not hold it; then nothing changes
        depth_ = 0;
    } else {
        --depth_;
    }
}

bool Condition::wait_once(Lock& lock, Deadline deadline) {
    waiters_.check_thread();
    lock.unlock();
    const detail::OnExit locked_again([&] {
        const Shield shield;
        lock.lock();
    });
    return waiters_.wait("Condition::wait", nullptr, deadline) == Outcome::handed;
}

bool Condition::wait_once(RLock& lock, Deadline deadline) {
    waiters_.check_thread();
    const std::size_t depth = lock.depth_;
    lock.lock_.unlock();  // throws if this green thread does not hold it; then nothing changes
    lock.depth_ = 0;
    const detail::OnExit locked_again([&] {
        const Shield shield;
        lock.lock_.lock();
        lock.depth_ = depth;
    });
    return waiters_.wait("Condition::wait", nullptr, deadline) == Outcome::handed;
}

void Condition::notify(Size n) {
    waiters_.check_thread();
    for (std::size_t left = n; left > 0 && waiters_.any(); --left) {
        waiters_.hand();
    }
}

void Condition::notify_all() {
    waiters_.check_thread();
    waiters_.wake_all(Outcome::handed);
}

}  // namespace tendril
