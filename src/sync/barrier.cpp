// SPDX-License-Identifier: MIT

#include <tendril/barrier.hpp>

#include <utility>

#include "base/on_exit.hpp"

namespace tendril {

using detail::Outcome;

Barrier::Barrier(Size parties, detail::Callback<void()> action) : parties_(parties), action_(std::move(action)) {
    if (parties == 0) {
        throw std::invalid_argument("a Barrier needs at least one party");
    }
}

// Whether `more` parties complete those who wait. arrived_ may be too high, never too low.
bool Barrier::complete(std::size_t more) const noexcept {
    return arrived_ + more >= parties_ && waiters_.size() + more >= parties_;
}

// Waits while the action runs. Returns: false when the deadline came first.
bool Barrier::enter(Deadline deadline) {
    waiters_.check_thread();
    for (;;) {
        if (broken_) {
            throw BrokenBarrier();
        }
        if (parties_ == 0) {
            throw std::logic_error("a green thread waits at a Barrier whose parties have all dropped out");
        }
        if (acting_ == 0) {
            return true;
        }
        if (acting_ == detail::current_id()) {
            throw std::logic_error("the action of a Barrier waits at this Barrier, which would never end");
        }
        const detail::Stand stand(early_stands_);
        switch (early_.wait("Barrier::wait", &acting_, deadline)) {
        case Outcome::timed_out:
            return false;
        case Outcome::closed:
            throw BrokenBarrier();
        default:
            if (!stand.counts()) {
                throw BrokenBarrier();  // destroyed since
            }
        }
    }
}

std::optional<std::size_t> Barrier::arrive(Deadline deadline) {
    if (!enter(deadline)) {
        return std::nullopt;
    }
    if (complete(1)) {
        return end_phase();
    }
    const detail::Stand stand(stands_);
    ++arrived_;
    const detail::OnExit left([&] {
        if (stand.counts()) {
            --arrived_;
        }
    });
    std::size_t place = 0;
    switch (waiters_.wait("Barrier::wait", &place, deadline)) {
    case Outcome::handed:
        return place;
    case Outcome::closed:
        throw BrokenBarrier();
    default:
        return std::nullopt;
    }
}

void Barrier::arrive_and_drop() {
    waiters_.check_thread();
    if (parties_ == 0) {
        throw std::logic_error("arrive_and_drop() was called more often than the Barrier has parties");
    }
    --parties_;
    if (acting_ == 0 && waiters_.any() && complete(0)) {
        end_phase();
    }
}

// Returns: the number of those that it let go on.
std::size_t Barrier::end_phase() {
    if (action_) {
        run_action();
    }
    std::size_t place = 0;
    while (auto* slot = waiters_.front_slot<std::size_t>()) {
        *slot = place++;
        waiters_.hand();
    }
    next_phase();
    early_.wake_all(Outcome::signalled);
    return place;
}

void Barrier::next_phase() noexcept {
    ++phase_;
    arrived_ = 0;
    stands_.clear();
}

void Barrier::run_action() {
    const std::uint64_t phase = phase_;
    acting_ = detail::current_id();
    try {
        action_();
    } catch (...) {
        if (phase == phase_) {
            broken_ = true;
            break_off();
        }
        throw;
    }
    if (phase != phase_) {  // an abort() or a reset() meanwhile
        throw BrokenBarrier();
    }
    acting_ = 0;
}

// Ends every wait with BrokenBarrier, also that of a party that runs the action.
void Barrier::break_off() noexcept {
    next_phase();
    acting_ = 0;
    waiters_.wake_all(Outcome::closed);
    early_.wake_all(Outcome::closed);
}

void Barrier::abort() {
    waiters_.check_thread();
    broken_ = true;
    break_off();
}

void Barrier::reset() {
    waiters_.check_thread();
    broken_ = false;
    break_off();
}

}  // namespace tendril
