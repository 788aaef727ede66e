// SPDX-License-Identifier: MIT

#include "pool/crew.hpp"

#include <cstdlib>
#include <new>
#include <stdexcept>
#include <string>
#include <utility>

#include <tendril/shield.hpp>

#include "base/at_fork.hpp"
#include "base/on_exit.hpp"
#include "base/report.hpp"
#include "hub/here.hpp"
#include "hub/waiter.hpp"

namespace tendril::detail {

// In the crew from admission until the hub has noted the end. The record refers to it only until that end.
struct CrewMember final : CrewNode, Observer, HubCallback {
    Crew& crew;
    Record* record = nullptr;  // not counted as a reference: its green thread keeps it
    bool has_slot = true;
    bool lends = false;
    bool killed = false;  // by its crew, which kills it only once

    explicit CrewMember(Crew& c) noexcept
        : Observer([](Observer& self) noexcept { static_cast<CrewMember&>(self).ended(); }), crew(c) {}

    void ended() noexcept {
        std::exchange(record, nullptr)->membership = nullptr;
        here::post(*this);
    }
    void run() noexcept override { crew.remove(*this); }
};

namespace {

void destroy(CrewMember& member) noexcept {
    member.~CrewMember();
    free_record(&member, sizeof(CrewMember));
}

Fiber* fiber_of(const CrewNode& member) noexcept {
    const Record* record = static_cast<const CrewMember&>(member).record;
    return record != nullptr ? record->fiber : nullptr;
}

}  // namespace

Crew::Crew(const char* kind, std::size_t slots) noexcept
    : kind_(kind), slots_(slots), made_generation_(fork_generation()),
      spawners_(kind, {this, [](void* self, void*) noexcept { --static_cast<Crew*>(self)->taken_; }}) {}

Crew::~Crew() {
    drop_all();
}

// Places.

CrewPlace::CrewPlace(GroupFace& group) : CrewPlace(CrewAccess::of(group).enter(never, true)) {}

CrewPlace::CrewPlace(CrewPlace&& other) noexcept : member_(std::exchange(other.member_, nullptr)), lent_(other.lent_) {}

CrewPlace::~CrewPlace() {
    if (member_ != nullptr) {
        if (member_->has_slot) {
            member_->crew.give_slot_back();
        }
        destroy(*member_);
    }
}

void CrewPlace::admit(const AnyGreenlet& greenlet) {
    member_->crew.admit(*this, greenlet);
    if (!lent_) {
        return;
    }
    try {
        greenlet.join();
    } catch (...) {
        const Shield shield;
        greenlet.kill();
        throw;
    }
}

CrewMember* Crew::new_member() {
    here::prepare_to_post();
    return ::new (allocate_record(sizeof(CrewMember))) CrewMember(*this);
}

CrewPlace Crew::try_enter() {
    spawners_.check_thread();
    CrewPlace place;
    if (!full()) {
        place.member_ = new_member();
        ++taken_;
    }
    return place;
}

CrewPlace Crew::enter(Deadline deadline, bool lend) {
    CrewPlace place = try_enter();
    if (place) {
        return place;
    }
    CrewMember* member = new_member();
    member->has_slot = false;
    place.member_ = member;
    if (lend && member_here() != nullptr) {
        place.lent_ = true;
        return place;
    }
    if (spawners_.wait("Pool::spawn", nullptr, deadline) != Outcome::handed) {
        return CrewPlace();
    }
    member->has_slot = true;
    return place;
}

CrewPlace Crew::stand_in_line(Waiter& waiter) {
    spawners_.check_thread();
    CrewPlace place;
    place.member_ = new_member();
    place.member_->has_slot = false;
    spawners_.add(waiter);
    return place;
}

void Crew::handed_slot(CrewPlace& place) noexcept {
    place.member_->has_slot = true;
}

void Crew::admit(CrewPlace& place, const AnyGreenlet& greenlet) noexcept {
    CrewMember& member = *std::exchange(place.member_, nullptr);
    Record& record = *RecordAccess::of(greenlet).get();
    member.record = &record;
    record.membership = &member;
    record.observers.push_back(member);
    members_.push_back(member);
    ++size_;
    if (kills_ > 0 && kills_generation_ == fork_generation()) {
        member.killed = true;
        record.fiber->kill(kill_error_);
    }
}

Crew::Loan::Loan(Crew& crew) : crew_(crew) {
    // A member without a slot lends the one in which it runs, whose owner waits for it.
    if (CrewMember* member = crew.member_here(); member != nullptr && crew.taken_ > 0) {
        member->lends = true;
        crew.give_slot_back();
    }
}

Crew::Loan::~Loan() {
    if (CrewMember* member = crew_.member_here(); member != nullptr && std::exchange(member->lends, false)) {
        ++crew_.taken_;
    }  // otherwise it lent nothing, or was discarded in the meantime, with its loan
}

// Slots.

void Crew::give_slot_back() noexcept {
    --taken_;
    fill_slots();
}

void Crew::fill_slots() noexcept {
    while (!full() && spawners_.any()) {
        ++taken_;
        spawners_.hand();
    }
    if (!full()) {
        available_.wake_all(Outcome::signalled);
    }
}

void Crew::resize(std::size_t slots) {
    spawners_.check_thread();
    slots_ = slots;
    fill_slots();
}

bool Crew::wait_available(Deadline deadline) {
    spawners_.check_thread();
    return !full() || available_.wait("Pool::wait_available", nullptr, deadline) == Outcome::signalled;
}

// Members.

CrewMember* Crew::member_here() const noexcept {
    const Record* record = here::fiber().record;
    return record != nullptr && record->membership != nullptr && &record->membership->crew == this ? record->membership
                                                                                                   : nullptr;
}

bool Crew::add(const AnyGreenlet& greenlet, Deadline deadline) {
    checked(RecordAccess::of(greenlet));
    // The caller's may become another while we wait. NOLINTNEXTLINE(performance-unnecessary-copy-initialization)
    const AnyGreenlet keep = greenlet;
    const RecordPtr<Record>& record = RecordAccess::of(keep);
    const auto settled = [&] {
        if (record->membership != nullptr && &record->membership->crew != this) {
            throw std::logic_error("green thread " + std::to_string(record->id) +
                                   " is a member of another Group or Pool: discard() it there first");
        }
        return record->membership != nullptr || record->ending != Ending::none;
    };
    if (settled()) {
        return true;
    }
    CrewPlace place = enter(deadline, false);
    if (!place) {
        return false;
    }
    if (!settled()) {  // it may have ended, or been added, while we waited
        admit(place, keep);
    }
    return true;
}

bool Crew::discard(const AnyGreenlet& greenlet) {
    spawners_.check_thread();
    if (!contains(greenlet)) {
        return false;
    }
    Record& record = *RecordAccess::of(greenlet).get();
    remove(*std::exchange(record.membership, nullptr));
    return true;
}

void Crew::remove(CrewMember& member) noexcept {
    const bool had_slot = member.has_slot;
    taken_ += member.lends ? 1 : 0;
    destroy(member);
    --size_;
    if (had_slot) {
        give_slot_back();
    }
    if (size_ <= 1) {
        joiners_.wake_all(size_ == 0 ? Outcome::handed : Outcome::signalled);
    }
}

bool Crew::contains(const AnyGreenlet& greenlet) const noexcept {
    const Record* record = RecordAccess::of(greenlet).get();
    return record != nullptr && record->membership != nullptr && &record->membership->crew == this;
}

std::vector<AnyGreenlet> Crew::members() const {
    spawners_.check_thread();
    std::vector<AnyGreenlet> all;
    all.reserve(size_);
    members_.for_each([&](const CrewNode& node) {
        if (Record* record = static_cast<const CrewMember&>(node).record; record != nullptr) {
            ++record->references;
            all.push_back(HandleMaker::make<AnyGreenlet>(record));
        }
    });
    return all;
}

// Waiting for their ends.

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
    if (!contains(keep)) {
        throw std::logic_error("green thread " + std::to_string(keep.id()) + " is not a member of this Group or Pool");
    }
    if (!std::exchange(RecordAccess::of(keep)->membership->killed, true)) {
        return keep.kill(error, deadline);
    }
    return keep == current() ? false : keep.join(deadline);
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
    for (CrewNode* node = members_.front(); node != nullptr; node = members_.after(*node)) {
        auto& member = static_cast<CrewMember&>(*node);
        if (Fiber* fiber = fiber_of(member); fiber != nullptr && &member != self) {
            if (!std::exchange(member.killed, true) || again) {
                fiber->kill(error);
            }
        }
    }
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
