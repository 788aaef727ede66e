// SPDX-License-Identifier: MIT

#include "pool/crew.hpp"

#include <new>
#include <stdexcept>
#include <string>
#include <utility>

#include <tendril/shield.hpp>

#include "base/at_fork.hpp"
#include "base/on_exit.hpp"
#include "hub/here.hpp"
#include "hub/waiter.hpp"
#include "pool/crew_member.hpp"

namespace tendril::detail {

Crew::Crew(const char* kind, std::size_t slots) noexcept
    : kind_(kind), slots_(slots), made_generation_(fork_generation()),
      spawners_(kind, {this, [](void* self, void*) noexcept { --static_cast<Crew*>(self)->taken_; }}) {}

Crew::~Crew() {
    drop_all();
}

// Places.

CrewPlace::CrewPlace(GroupFace& group) : CrewPlace(CrewAccess::of(group).enter(never, true)) {}

CrewPlace CrewPlace::for_later(GroupFace& group) {
    return CrewAccess::of(group).enter_later();
}

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

CrewPlace Crew::enter_later() {
    CrewPlace place = try_enter();
    if (!place) {
        place.member_ = new_member();
        place.member_->has_slot = false;
    }
    return place;
}

void await_own_slot() {
    const Record* record = here::fiber().record;
    if (record != nullptr && record->membership != nullptr && !record->membership->has_slot) {
        record->membership->crew.claim_slot(*record->membership);
    }
}

// The member may be discarded while it waits, and its crew be gone then: remove() tells it by Outcome::closed, unless
// it has been handed a slot.
void Crew::claim_slot(CrewMember& member) {
    if (!full()) {
        ++taken_;
        member.has_slot = true;
        return;
    }
    Waiter waiter("Pool::apply_async");
    member.in_line = &waiter;
    Outcome outcome = Outcome::waiting;
    {
        const Record& me = *member.record;
        const OnExit ended([&me] {
            if (me.membership != nullptr) {
                me.membership->in_line = nullptr;
            }
        });
        spawners_.add(waiter);
        outcome = waiter.wait(never);
    }
    if (outcome != Outcome::handed) {
        return;  // it was discarded, and runs on without a slot
    }
    if (CrewMember* still = member_here(); still != nullptr && !still->has_slot) {
        still->has_slot = true;
    } else {
        give_slot_back();  // it was discarded since, and perhaps added again, with a slot of its own
    }
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
    if (member.in_line != nullptr) {
        member.in_line->resolve(Outcome::closed);
    }
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

}  // namespace tendril::detail
