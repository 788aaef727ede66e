// SPDX-License-Identifier: MIT
// Floor: pool
//
// Group: green threads that belong together. Leaving its scope waits for them all; leaving it by an exception kills
// them first. So they may refer to objects in the scopes around the Group.
//
//     Group group;
//     for (const auto& host : hosts) group.spawn(ping, host);
//     group.join();
//     for (std::string& page : group.imap(fetch, urls)) show(page);
//
// A green thread is a member of at most one Group or Pool, until it ends; the hub notes the end after the round in
// which it happened. A Group and its members belong to one OS thread; calls on others throw WrongThread. Examples:
// examples/group.cpp, examples/group_map.cpp

#pragma once

#include <cstddef>
#include <exception>
#include <initializer_list>
#include <memory>
#include <ranges>
#include <type_traits>
#include <utility>
#include <vector>

#include <tendril/deadline.hpp>
#include <tendril/detail/hub/spawn.hpp>
#include <tendril/detail/pool/imap.hpp>
#include <tendril/detail/pool/map_members.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/size.hpp>

namespace tendril {

namespace detail {

class Crew;
class GroupFace;
struct CrewMember;

// Room for one more member: a slot and the memory for it; given back unless admit() uses it. A lent place has no slot:
// it is for a job that a member of the full Pool spawns, and that runs in the member's own slot.
class CrewPlace {
public:
    CrewPlace() = default;  // none

    // Waits for a slot first. Throws: Interrupt, nothing is taken; WrongThread; HubBlocked.
    explicit CrewPlace(GroupFace& group);
    // Without waiting: without a slot if none is free; its member then calls await_own_slot().
    static CrewPlace for_later(GroupFace& group);
    CrewPlace(CrewPlace&& other) noexcept;
    CrewPlace& operator=(CrewPlace&&) = delete;
    ~CrewPlace();

    explicit operator bool() const noexcept { return member_ != nullptr; }

    // Makes the green thread a member. In a lent place: waits until it has ended, and kills it if the wait is broken
    // off.
    void admit(const AnyGreenlet& greenlet);

private:
    friend class Crew;
    CrewMember* member_ = nullptr;
    bool lent_ = false;
};

// Called by a member: waits for its slot if it has none. Does nothing in a green thread that was discarded meanwhile.
// Throws: Interrupt.
void await_own_slot();

// What Group and Pool share. The members are in a Crew (src/pool/crew.hpp), which lies in crew_.
class GroupFace : public SpawnMembers<GroupFace>, public MapMembers<GroupFace> {
public:
    GroupFace(const GroupFace&) = delete;
    GroupFace& operator=(const GroupFace&) = delete;

    // As tendril::spawn; the new green thread is a member. In a full Pool it first waits for a slot, before it takes
    // anything from the arguments. A member of that Pool does not wait for one: its job runs in the member's own slot,
    // and has ended when spawn() returns. Yields: only in a full Pool. Throws: as tendril::spawn; Interrupt: nothing
    // was spawned, or the job in the member's slot was killed.
    template <class F, class... A>
    auto spawn(const SpawnBraces& options, F&& f, A&&... args) {
        return enter_and_launch(options.options(), std::forward<F>(f), std::forward<A>(args)...);
    }
    template <class F, class... A>
    auto spawn(const SpawnCall& call, F&& f, A&&... args) {
        return enter_and_launch(call.options(), std::forward<F>(f), std::forward<A>(args)...);
    }
    using SpawnMembers::spawn;

    // As spawn(), without a handle: the hub's error handler gets the errors.
    template <class F, class... A>
    void spawn_n(const SpawnBraces& options, F&& f, A&&... args) {
        static_cast<void>(spawn(options, std::forward<F>(f), std::forward<A>(args)...));
    }
    template <class F, class... A>
    void spawn_n(const SpawnCall& call, F&& f, A&&... args) {
        static_cast<void>(spawn(call, std::forward<F>(f), std::forward<A>(args)...));
    }
    using SpawnMembers::spawn_n;

    // Returns: spawn(f, args...).get(). Yields. Throws: as spawn(); what f throws.
    template <class F, class... A>
    requires Task<F, A...>
    auto apply(F&& f, A&&... args) {
        return spawn(SpawnBraces{.where = {}}, std::forward<F>(f), std::forward<A>(args)...).get();
    }
    template <class F, class... A>
    requires NoTask<F, A...> Anything<F> apply(F&&, A&&...) {
        refuse_call<F, A...>();
        return {};
    }

    // As spawn(), but never waits, also in a full Pool: the new green thread is a member at once and waits for a slot
    // itself, in line with the other waiters, before it calls f. So size() counts it, join() waits for it, and kill()
    // ends it, also while it waits; f never runs then. Any number may wait so: spawn() is what bounds them. A member of
    // a full Pool that waits for the result may wait forever: there, use spawn(). For a callback with the result:
    // apply_async(f).link_value(callback).keep().
    template <class F, class... A>
    auto apply_async(const SpawnBraces& options, F&& f, A&&... args) {
        return enter_later(options.options(), std::forward<F>(f), std::forward<A>(args)...);
    }
    template <class F, class... A>
    auto apply_async(const SpawnCall& call, F&& f, A&&... args) {
        return enter_later(call.options(), std::forward<F>(f), std::forward<A>(args)...);
    }
    template <Function F, class... A>
    auto apply_async(F&& f, A&&... args) {
        return enter_later(SpawnOptions{}, std::forward<F>(f), std::forward<A>(args)...);
    }

    // Makes a green thread a member. Does nothing if it is one or has ended. In a full Pool it waits for a slot.
    // Returns: false if the deadline came first. Throws: std::logic_error if it is a member elsewhere; Interrupt, it is
    // not added.
    bool add(const AnyGreenlet& greenlet, Deadline deadline = never);

    // Removes a member, which lives on and gives up its slot. Returns: whether it was a member.
    bool discard(const AnyGreenlet& greenlet);

    bool contains(const AnyGreenlet& greenlet) const noexcept;  // whether the green thread is a member now
    std::size_t size() const noexcept;                          // members, with those that ended in this round
    bool empty() const noexcept { return size() == 0; }
    std::vector<AnyGreenlet> members() const;  // in the order of joining

    // Waits until there are no members. Returns: false if the deadline came first. Yields: unless it is empty.
    // Throws: std::logic_error in a member, which would wait for itself; Interrupt, the members live on. The form with
    // options waits for the present members, and can rethrow their errors: see join_all().
    bool join();
    [[nodiscard("it says whether all ended in time")]] bool join(Deadline deadline);
    std::size_t join(const JoinOptions& options) { return join_all(members(), options); }

    // Kills all members, also those that join meanwhile, and waits for their ends; the caller last if it is a member.
    // Each is killed once: a member that caught its kill and lives on is not killed again by a second call, nor by the
    // Group's end. Its own handle can kill it any number of times. Without `error` the members get a GreenletExit.
    // Returns: false if some still live at the deadline. Yields. Throws: Interrupt.
    bool kill(Deadline deadline = never) { return kill(nullptr, deadline); }
    bool kill(const std::exception_ptr& error, Deadline deadline = never);

    // The same for one member. Throws: std::logic_error if it lives and is not a member; Interrupt.
    bool kill_one(const AnyGreenlet& member, Deadline deadline = never) { return kill_one(member, nullptr, deadline); }
    bool kill_one(const AnyGreenlet& member, const std::exception_ptr& error, Deadline deadline = never);

    // The same without waiting for their ends: the kills take effect when the caller next yields. Members that join
    // later are not killed. Never yield. Throw: GreenletExit or `error`, if the caller is (that) member, as the last.
    void kill_nowait(const std::exception_ptr& error = nullptr);
    void kill_one_nowait(const AnyGreenlet& member, const std::exception_ptr& error = nullptr);

    // imap(f, items), imap_unordered(), starmap() and map(): calls of f, each in a member: see detail::MapMembers.

protected:
    friend struct CrewAccess;
    friend class CrewPlace;
    GroupFace(const char* kind, std::size_t slots) noexcept;
    ~GroupFace();

    Crew& crew() noexcept;
    const Crew& crew() const noexcept;

private:
    template <class F, class... A>
    auto enter_and_launch(const SpawnOptions& options, F&& f, A&&... args) {
        CrewPlace place(*this);
        auto greenlet = launch<Greenlet>(options, nullptr, std::forward<F>(f), std::forward<A>(args)...);
        place.admit(greenlet);
        return greenlet;
    }

    template <class F, class... A>
    auto enter_later(const SpawnOptions& options, F&& f, A&&... args) {
        if constexpr (!Task<F, A...>) {
            refuse_call<F, A...>();
        } else {
            static_assert(can_be_taken<F, A...>, "it gets copies of f and args, and one can't be copied: std::move it");
            refuse_empty(f);
            using C = Closure<std::decay_t<F>, std::decay_t<A>...>;
            CrewPlace place = CrewPlace::for_later(*this);
            auto greenlet = launch<Greenlet>(
                options, nullptr,
                [call = C{std::forward<F>(f), {std::forward<A>(args)...}}]() mutable -> ResultOf<F, A...> {
                    await_own_slot();
                    return call();
                });
            place.admit(greenlet);
            return greenlet;
        }
    }

    friend class MapMembers<GroupFace>;
    template <class F, class Source>
    auto feed(const ImapOptions& options, bool ordered, F&& f, Source source) {
        using Jobs = JobsOf<std::decay_t<F>, Source>;
        return Imap<typename Jobs::R>(
            start_feed(std::make_unique<Jobs>(std::forward<F>(f), std::move(source)), options, ordered));
    }
    FeedPtr start_feed(std::unique_ptr<JobSource> jobs, const ImapOptions& options, bool ordered);

    static constexpr std::size_t crew_size = 384;
    alignas(void*) std::byte crew_[crew_size];
    int exceptions_;  // in flight when it was made; more at its end: an exception leaves the scope
};

// Sees the Crew of a Group or Pool.
struct CrewAccess {
    static Crew& of(GroupFace& group) noexcept { return group.crew(); }
};

}  // namespace detail

class Group : public detail::GroupFace {
public:
    Group() noexcept : GroupFace("a Group", unbounded) {}

    // Begins with these members. Throws: std::logic_error if one is a member elsewhere; no green thread is added then.
    Group(std::initializer_list<AnyGreenlet> members) : Group() {
        try {
            for (const AnyGreenlet& each : members) {
                add(each);
            }
        } catch (...) {
            for (const AnyGreenlet& each : members) {
                discard(each);  // so that the end of this Group does not kill them
            }
            throw;
        }
    }

    // Waits for the members under a Shield; kills them first if an exception leaves the scope. Yields. Members that
    // wait for what nothing can bring (LoopExit) are reported on standard error, and killed. Aborts where it cannot
    // wait, as in a callback of the hub or on another OS thread, and while an imap, a Pile or a server uses it.
    ~Group() = default;
};

}  // namespace tendril
