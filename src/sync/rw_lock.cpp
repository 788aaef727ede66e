// SPDX-License-Identifier: MIT

#include <tendril/rw_lock.hpp>

#include <stdexcept>
#include <string>

#include "base/on_exit.hpp"
#include "hub/waiter.hpp"

namespace tendril {

using detail::current_id;
using detail::Outcome;

// Takes it if those who hold it allow that. Returns: whether it did.
bool RWLock::enter(Use use, std::uint64_t id) noexcept {
    if (writer_ != 0 || (use == Use::write && readers_ != 0)) {
        return false;
    }
    if (use == Use::write) {
        writer_ = id;
    } else {
        ++readers_;
    }
    last_[0] = last_[1] = id;
    return true;
}

bool RWLock::try_take(Use use) {
    waiters_.check_thread();
    return !waiters_.any() && enter(use, current_id());
}

bool RWLock::take(Use use, Deadline deadline) {
    if (try_take(use)) {
        return true;
    }
    if (held_by_me()) {
        throw std::logic_error("green thread " + std::to_string(writer_) +
                               " waits for an RWLock that it holds to write, which would never end; to read go on with "
                               "what is held, or downgrade()");
    }
    bool held = false;
    const detail::Stand stand(stands_);
    const detail::OnExit left([&] {
        if (!held && stand.counts()) {
            admit();  // a writer that leaves may have been all that kept the readers behind it out
        }
    });
    held = waiters_.wait(use == Use::write ? "RWLock::acquire" : "RWLock::acquire_shared",
                         &last_[static_cast<std::size_t>(use)], deadline) == Outcome::handed;
    return held;
}

// Lets in those who stand first, as many as may hold it together.
void RWLock::admit() noexcept {
    while (const detail::Waiter* first = waiters_.front()) {
        if (!enter(first->slot == &last_[static_cast<std::size_t>(Use::read)] ? Use::read : Use::write,
                   first->fiber.id)) {
            return;
        }
        waiters_.hand();
    }
    if (ready()) {
        waiters_.notify_observers();
    }
}

void RWLock::release_write() {
    waiters_.check_thread();
    if (!held_by_me()) {
        throw std::logic_error("an RWLock was released by green thread " + std::to_string(current_id()) + ", and " +
                               (writer_ == 0 ? "no one" : "green thread " + std::to_string(writer_)) +
                               " holds it to write");
    }
    writer_ = 0;
}

void RWLock::unlock() {
    release_write();
    admit();
}

void RWLock::downgrade() {
    release_write();
    enter(Use::read, current_id());
    admit();
}

void RWLock::unlock_shared() {
    waiters_.check_thread();
    if (readers_ == 0) {
        throw std::logic_error("unlock_shared() of an RWLock that nobody holds to read");
    }
    --readers_;
    admit();
}

bool RWLock::held_by_me() const {
    return writer_ != 0 && writer_ == current_id();
}

// In the child of a fork(): from one that did not live to have it.
void RWLock::take_back(void* self, void* slot) noexcept {
    auto& lock = *static_cast<RWLock*>(self);
    if (slot == &lock.last_[static_cast<std::size_t>(Use::read)]) {
        --lock.readers_;
    } else {
        lock.writer_ = 0;
    }
}

}  // namespace tendril
