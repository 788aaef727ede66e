// SPDX-License-Identifier: MIT
//
// How a Crew waits for the ends of its members, kills them, and ends itself.

#include <cstdlib>
#include <stdexcept>
#include <string>
#include <utility>

#include <tendril/shield.hpp>

#include "base/at_fork.hpp"
#include "base/on_exit.hpp"
#include "base/report.hpp"
#include "hub/here.hpp"
#include "hub/waiter.hpp"
#include "pool/crew_member.hpp"

namespace tendril::detail {

namespace {

Fiber* fiber_of(const CrewNode& member) noexcept {
    const Record* record = static_cast<const CrewMember&>(member).record;
    return record != nullptr ? record->fiber : nullptr;
}

}  // namespace

bool Crew::wait_for_at_most(std::size_t members, Deadline deadline) {
    while (size_ > members) {
        switch (joiners_.wait("Group::join", nullptr, deadline)) {
        case Outcome::handed:
            return true;  // it became empty, even if members have joined since
        case Outcome::signalled:
            break;
        default:
            return size_ <= members;
        }
    }
    return true;
}

bool Crew::join(Deadline deadline) {
    spawners_.check_thread();
    if (member_here() != nullptr) {
        throw std::logic_error("a member of " + std::string(kind_) +
                               " waits for the end of all its members, itself included, which would never end; "
                               "wait outside of them, or join the handles of the others");
    }
    return wait_for_at_most(0, deadline);
}

bool Crew::kill(const std::exception_ptr& error, Deadline deadline) {
    return kill_all(error, deadline, false);
}

bool Crew::kill_one(const AnyGreenlet& greenlet, const std::exception_ptr& error, Deadline deadline) {
    checked(RecordAccess::of(greenlet));
    // The caller's may become another while we wait. NOLINTNEXTLINE(performance-unnecessary-copy-initialization)
    const AnyGreenlet keep = greenlet;
    if (keep.ready()) {
        return true;
    }
    check_member(keep);
    if (!std::exchange(RecordAccess::of(keep)->membership->killed, true)) {
        return keep.kill(error, deadline);
    }
    return keep == current() ? false : keep.join(deadline);
}

void Crew::check_member(const AnyGreenlet& greenlet) const {
    if (!contains(greenlet)) {
        throw std::logic_error("green thread " + std::to_string(greenlet.id()) +
                               " is not a member of this Group or Pool");
    }
}

void Crew::kill_one_nowait(const AnyGreenlet& greenlet, const std::exception_ptr& error) {
    checked(RecordAccess::of(greenlet));
    if (greenlet.ready()) {
        return;
    }
    check_member(greenlet);
    if (!std::exchange(RecordAccess::of(greenlet)->membership->killed, true)) {
        greenlet.kill_nowait(error);
    }
}

void Crew::kill_nowait(const std::exception_ptr& error) {
    spawners_.check_thread();
    CrewMember* const self = member_here();
    kill_others(error, self, false);
    if (self != nullptr && !std::exchange(self->killed, true)) {
        current().kill_nowait(error);
    }
}

void Crew::kill_others(const std::exception_ptr& error, const CrewMember* self, bool again) {
    for (CrewNode* node = members_.front(); node != nullptr; node = members_.after(*node)) {
        auto& member = static_cast<CrewMember&>(*node);
        if (Fiber* fiber = fiber_of(member); fiber != nullptr && &member != self) {
            if (!std::exchange(member.killed, true) || again) {
                fiber->kill(error);
            }
        }
    }
}

// again: also kills those that have survived an earlier kill.
bool Crew::kill_all(const std::exception_ptr& error, Deadline deadline, bool again) {
    spawners_.check_thread();
    CrewMember* const self = member_here();
    const OnExit ended([this] {
        if (--kills_ == 0) {
            kill_error_ = nullptr;
        }
    });
    if (std::exchange(kills_generation_, fork_generation()) != fork_generation()) {
        kills_ = 0;
    }
    ++kills_;
    kill_error_ = error;
    kill_others(error, self, again);
    const std::size_t rest = self != nullptr ? 1 : 0;
    bool all = false;
    do {  // again, for members that joined and were killed after the last of the others had ended
        all = wait_for_at_most(rest, deadline);
    } while (all && size_ > rest);
    if (self != nullptr && !std::exchange(self->killed, true)) {
        current().kill_nowait(error);
    }
    return all;
}

void Crew::drop_all() noexcept {
    while (CrewNode* node = members_.pop_front()) {
        auto& member = static_cast<CrewMember&>(*node);
        if (member.Observer::linked()) {  // then its record still exists
            member.record->membership = nullptr;
        }
        destroy(member);
    }
    size_ = 0;
}

void Crew::leave(bool kill_them) noexcept {
    if (users_ != 0 && here::has_hub() && made_generation_ == fork_generation()) {
        report(std::string(kind_) +
               " was destroyed while an imap, a Pile or a server of it was in use; let it outlive them");
        std::abort();
    }
    bool hub_gone = size_ != 0;  // the hub ended before it could note the ends of the members
    members_.for_each([&](const CrewNode& node) {
        const auto& member = static_cast<const CrewMember&>(node);
        hub_gone = hub_gone && member.record == nullptr && !member.HubCallback::linked();
    });
    if (hub_gone || (size_ == 0 && taken_ == 0)) {
        return;
    }
    const std::string what = std::string(kind_) + " was destroyed ";
    try {
        spawners_.check_thread();
        if (!here::has_hub()) {
            return;  // the hub has ended, and all members with it
        }
        here::refuse_in_callback();
        if (CrewMember* self = member_here(); self != nullptr) {
            discard(current());  // it cannot wait for itself
        }
        const Shield shield;
        try {
            if (kill_them) {
                kill(nullptr, never);
            }
            while (size_ > 0 || taken_ > 0) {
                if (size_ == 0) {
                    yield();  // lets a spawner that was handed a slot spawn
                }
                wait_for_at_most(0, never);
            }
        } catch (const LoopExit& e) {
            report(what + "and waits for its members, which are killed now, for " + e.what());
            kill_all(nullptr, never, true);
        }
    } catch (...) {
        report(what + "while it had members, and could not wait for their ends", std::current_exception());
        std::abort();
    }
}

}  // namespace tendril::detail
