// SPDX-License-Identifier: MIT
//
// Crew: the members of a Group or a Pool, and the slots that bound how many there are. Not for users.
//
// A slot is taken before its member is spawned, and given back by the hub after the member has ended, never by the
// member itself: so size(), asked inside a member, counts that member and those that ended in the same round. A freed
// slot goes to the first waiter.
//
// A worker of a full crew that waits for work of the same crew would wait without end. So the jobs that it spawns run
// in the worker's own slot (a CrewPlace that is lent), and while it waits for an imap it lends its slot to others (a
// Loan).

#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <vector>

#include <tendril/deadline.hpp>
#include <tendril/detail/base/list.hpp>
#include <tendril/detail/sync/wait_queue.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/group.hpp>

namespace tendril::detail {

struct CrewNode : ListNode {};  // a CrewMember's place in its crew

class Crew {
public:
    // kind: "a Group" or "a Pool", for reports.
    Crew(const char* kind, std::size_t slots) noexcept;
    Crew(const Crew&) = delete;
    Crew& operator=(const Crew&) = delete;
    ~Crew();  // after leave()

    // Waits for a slot, first come, first served. Returns: an empty place if the deadline came first. A worker of the
    // full crew gets a lent place at once, if `lend`. Throws: Interrupt, nothing is taken; WrongThread; HubBlocked.
    CrewPlace enter(Deadline deadline, bool lend);
    CrewPlace try_enter();
    CrewPlace enter_later();              // without a slot if none is free
    void claim_slot(CrewMember& member);  // for such a member, the running green thread: waits. Throws: Interrupt
    void admit(CrewPlace& place, const AnyGreenlet& greenlet) noexcept;

    // For a caller that also waits for something else. While the crew is full: returns a place without a slot, and puts
    // `waiter` in line for one. After the waiter was handed a slot, and only then, call handed_slot(). Throws:
    // WrongThread.
    CrewPlace stand_in_line(Waiter& waiter);
    static void handed_slot(CrewPlace& place) noexcept;
    void check_thread() const { spawners_.check_thread(); }

    // Lends the slot of a worker that is about to wait for this crew's own work. The worker has it back at once when it
    // continues, so for a time there may be more workers than slots, until one of them ends.
    class Loan {
    public:
        explicit Loan(Crew& crew);
        Loan(const Loan&) = delete;
        Loan& operator=(const Loan&) = delete;
        ~Loan();

    private:
        Crew& crew_;
    };

    // Returns: true if the green thread was added, was already a member, or has ended; false if the deadline came
    // before a slot. Throws: std::logic_error if it is a member of another crew.
    bool add(const AnyGreenlet& greenlet, Deadline deadline);
    bool discard(const AnyGreenlet& greenlet);
    bool contains(const AnyGreenlet& greenlet) const noexcept;
    std::vector<AnyGreenlet> members() const;

    bool join(Deadline deadline);  // std::logic_error when called by a member
    bool kill(const std::exception_ptr& error, Deadline deadline);
    bool kill_one(const AnyGreenlet& greenlet, const std::exception_ptr& error, Deadline deadline);
    void kill_nowait(const std::exception_ptr& error);
    void kill_one_nowait(const AnyGreenlet& greenlet, const std::exception_ptr& error);
    bool wait_available(Deadline deadline);
    void resize(std::size_t slots);

    // For the end of its Group or Pool: joins the members, or kills them first. Aborts where it cannot wait for them.
    void leave(bool kill_them) noexcept;

    // Count the imaps, Piles and servers that use the crew; it must outlive them.
    void use() noexcept { ++users_; }
    void unuse() noexcept { --users_; }

    std::size_t size() const noexcept { return size_; }
    std::size_t slots() const noexcept { return slots_; }
    std::size_t taken() const noexcept { return taken_; }
    std::size_t waiting() const noexcept { return spawners_.size(); }

private:
    friend class CrewPlace;
    friend struct CrewMember;
    bool full() const noexcept { return taken_ >= slots_; }
    bool kill_all(const std::exception_ptr& error, Deadline deadline, bool again);
    void kill_others(const std::exception_ptr& error, const CrewMember* self, bool again);
    void check_member(const AnyGreenlet& greenlet) const;
    CrewMember* member_here() const noexcept;  // the running green thread, or nullptr
    CrewMember* new_member();
    void remove(CrewMember& member) noexcept;
    void give_slot_back() noexcept;
    void fill_slots() noexcept;
    bool wait_for_at_most(std::size_t members, Deadline deadline);
    void drop_all() noexcept;

    const char* kind_;
    std::size_t slots_;
    std::size_t taken_ = 0;  // slots, with those handed to spawners that have not yet run, without those lent
    std::size_t size_ = 0;
    std::size_t users_ = 0;
    std::size_t kills_ = 0;                // under way: newcomers are killed too
    std::uint64_t kills_generation_ = 0;   // of forks: in the child, the parent's kills are frozen
    const std::uint64_t made_generation_;  // likewise: users_ counts frozen ones too, in the child of a later fork()
    std::exception_ptr kill_error_;
    List<CrewNode> members_;
    WaitQueue spawners_;                      // has waiters only while the crew is full
    WaitQueue available_{"a free slot"};      // woken when the crew is no longer full
    WaitQueue joiners_{"the end of a crew"};  // handed when the crew becomes empty, signalled when one member is left
};

}  // namespace tendril::detail
