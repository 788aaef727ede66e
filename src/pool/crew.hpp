// SPDX-License-Identifier: MIT
//
// Crew: the members of a Group or a Pool, and the slots that bound how many there are. Not for users.
//
// A slot is taken before its member is spawned, and given back by the hub after the member has ended, never by the
// member itself: who asks for the size inside a member counts it, and those that ended in the same round. A freed slot
// goes to the first who waits for one.
//
// A worker of a full crew that waits for work of the same crew would wait for ever: what it spawns then runs in the
// worker's own slot (a CrewPlace that is lent), and while it waits for an imap it lends its slot to others (a Loan).

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

    // Waits for a slot, first come, first served. Returns: no place when the deadline came first. For a worker of the
    // full crew: a lent one, at once. Throws: Interrupt, nothing is taken; WrongThread; HubBlocked.
    CrewPlace enter(Deadline deadline, bool lend);
    CrewPlace try_enter();
    void admit(CrewPlace& place, const AnyGreenlet& greenlet) noexcept;

    // For who waits for something else too, while it is full: a place without a slot yet, for which `waiter` stands in
    // line from now on. When it was handed one, and only then, the place is to be told. Throws: WrongThread.
    CrewPlace stand_in_line(Waiter& waiter);
    static void handed_slot(CrewPlace& place) noexcept;
    void check_thread() const { spawners_.check_thread(); }

    // For a worker that is about to wait for this crew's own work: somebody else may use its slot meanwhile. It has it
    // again at once when it goes on, so that there may be more workers than slots then, until one of them ends.
    class Loan {
    public:
        explicit Loan(Crew& crew);
        Loan(const Loan&) = delete;
        Loan& operator=(const Loan&) = delete;
        ~Loan();

    private:
        Crew& crew_;
    };

    // True when it was added, or was a member, or has ended already; false when the deadline came before a slot.
    // Throws: std::logic_error when it is a member of another crew.
    bool add(const AnyGreenlet& greenlet, Deadline deadline);
    bool discard(const AnyGreenlet& greenlet);
    bool contains(const AnyGreenlet& greenlet) const noexcept;
    std::vector<AnyGreenlet> members() const;

    bool join(Deadline deadline);  // std::logic_error when called by a member
    bool kill(const std::exception_ptr& error, Deadline deadline);
    bool kill_one(const AnyGreenlet& greenlet, const std::exception_ptr& error, Deadline deadline);
    bool wait_available(Deadline deadline);
    void resize(std::size_t slots);

    // The end of its Group or Pool: joins the members, or kills them first. Aborts where that cannot be.
    void leave(bool kill_them) noexcept;

    // Others that refer to it; it must not go before them.
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
    CrewMember* member_here() const noexcept;  // the running green thread, or nullptr
    CrewMember* new_member();
    void remove(CrewMember& member) noexcept;
    void give_slot_back() noexcept;
    void fill_slots() noexcept;
    bool wait_for_at_most(std::size_t members, Deadline deadline);
    void drop_all() noexcept;

    const char* kind_;
    std::size_t slots_;
    std::size_t taken_ = 0;  // slots; also by who was handed one and has not spawned yet, not by who lends
    std::size_t size_ = 0;
    std::size_t users_ = 0;
    std::size_t kills_ = 0;                // that go on: newcomers are killed too
    std::uint64_t kills_generation_ = 0;   // of forks: in the child those of the parent are frozen
    const std::uint64_t made_generation_;  // likewise: users_ counts frozen ones too, in the child of a later fork()
    std::exception_ptr kill_error_;
    List<CrewNode> members_;
    WaitQueue spawners_;                      // somebody waits here only while it is full
    WaitQueue available_{"a free slot"};      // woken when it is not full any more
    WaitQueue joiners_{"the end of a crew"};  // handed when it becomes empty, signalled when one is left
};

}  // namespace tendril::detail
