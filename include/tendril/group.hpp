// SPDX-License-Identifier: MIT
// Floor: pool
//
// Group: green threads that belong together. Leaving its scope waits for them all; leaving it by an exception kills
// them first. So what they refer to in the scopes around it is still there.
//
//     Group group;
//     for (const auto& host : hosts) group.spawn(ping, host);
//     group.join();
//     for (std::string& page : group.imap(fetch, urls)) show(page);
//
// A green thread is a member of one Group or Pool at most, until it ends; the hub notes that after the round in which
// it ended. All of it belongs to one OS thread. Examples: examples/group.cpp, examples/group_map.cpp

#pragma once

#include <cstddef>
#include <exception>
#include <memory>
#include <ranges>
#include <type_traits>
#include <utility>
#include <vector>

#include <tendril/deadline.hpp>
#include <tendril/detail/hub/spawn.hpp>
#include <tendril/detail/pool/imap.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/size.hpp>

namespace tendril {

struct ImapOptions {
    Size window = 0;             // jobs made and not yet consumed; 0: the size of the Pool, for a Group no bound
    std::size_t stack_size = 0;  // as SpawnOptions
    Site where = {};             // as SpawnOptions
};

namespace detail {

using ImapCall = InCall<ImapOptions>;

// ImapOptions as a braced list in the call; see InCall in detail/hub/spawn.hpp.
struct ImapBraces {
    Size window = 0;
    std::size_t stack_size = 0;
    Site where = Site::here();

    ImapOptions options() const noexcept { return {.window = window, .stack_size = stack_size, .where = where}; }
};

class Crew;
class GroupFace;
struct CrewMember;

// Room for one more member: a slot and what memory it needs; given back unless admit() used it. A place without a slot
// is lent: to a member of the full Pool, whose job runs in the member's own slot.
class CrewPlace {
public:
    CrewPlace() = default;  // none

    // Waits for a slot first. Throws: Interrupt, nothing is taken; WrongThread; HubBlocked.
    explicit CrewPlace(GroupFace& group);
    CrewPlace(CrewPlace&& other) noexcept;
    CrewPlace& operator=(CrewPlace&&) = delete;
    ~CrewPlace();

    explicit operator bool() const noexcept { return member_ != nullptr; }

    // The green thread becomes a member. In a lent place: waits until it has ended, and ends it when broken off.
    void admit(const AnyGreenlet& greenlet);

private:
    friend class Crew;
    CrewMember* member_ = nullptr;
    bool lent_ = false;
};

// What Group and Pool share. The members are in a Crew (src/pool/crew.hpp), which lies in crew_.
class GroupFace : public SpawnMembers<GroupFace> {
public:
    GroupFace(const GroupFace&) = delete;
    GroupFace& operator=(const GroupFace&) = delete;

    // As tendril::spawn; the new one is a member. In a full Pool it waits for a slot first, before anything is taken
    // from the arguments; a member of that Pool does not: its job runs in the member's own slot, and has ended when
    // spawn() returns. Yields: only then. Throws: as tendril::spawn; Interrupt.
    template <class F, class... A>
    auto spawn(const SpawnBraces& options, F&& f, A&&... args) {
        return enter_and_launch(options.options(), std::forward<F>(f), std::forward<A>(args)...);
    }
    template <class F, class... A>
    auto spawn(const SpawnCall& call, F&& f, A&&... args) {
        return enter_and_launch(call.options(), std::forward<F>(f), std::forward<A>(args)...);
    }
    using SpawnMembers::spawn;

    // Without a handle: errors go to the hub's error handler.
    template <class F, class... A>
    void spawn_n(const SpawnBraces& options, F&& f, A&&... args) {
        static_cast<void>(spawn(options, std::forward<F>(f), std::forward<A>(args)...));
    }
    template <class F, class... A>
    void spawn_n(const SpawnCall& call, F&& f, A&&... args) {
        static_cast<void>(spawn(call, std::forward<F>(f), std::forward<A>(args)...));
    }
    using SpawnMembers::spawn_n;

    // spawn(f, args...).get()
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

    // Makes it a member, if it is not and lives, in a Pool when there is a slot.
    // Returns: false when the deadline came first. Throws: std::logic_error when it is a member elsewhere; Interrupt.
    bool add(const AnyGreenlet& greenlet, Deadline deadline = never);

    // It lives on, as no member. Returns: whether it was one.
    bool discard(const AnyGreenlet& greenlet);

    bool contains(const AnyGreenlet& greenlet) const noexcept;
    std::size_t size() const noexcept;
    bool empty() const noexcept { return size() == 0; }
    std::vector<AnyGreenlet> members() const;  // in the order of joining

    // Waits until it has no members. Returns: false when the deadline came first. Yields: unless it is empty.
    // Throws: std::logic_error when a member calls it, which would wait for itself; Interrupt. The form with options
    // waits for those that are members now, and can rethrow their errors; as join_all().
    bool join();
    [[nodiscard("it says whether all ended in time")]] bool join(Deadline deadline);
    std::size_t join(const JoinOptions& options) { return join_all(members(), options); }

    // Kills all members, those that join meanwhile as well, and waits for their ends; the caller last when it is one.
    // Each is killed once: one that caught it and lives on is not killed again by a second call nor by the Group's end;
    // its own handle kills it as often as one likes. Returns: false when some still live at the deadline.
    bool kill(Deadline deadline = never) { return kill(nullptr, deadline); }
    bool kill(const std::exception_ptr& error, Deadline deadline = never);

    // The same for one member. Throws: std::logic_error when it lives and is no member; Interrupt.
    bool kill_one(const AnyGreenlet& member, Deadline deadline = never) { return kill_one(member, nullptr, deadline); }
    bool kill_one(const AnyGreenlet& member, const std::exception_ptr& error, Deadline deadline = never);

    // f of every item, each in a member of its own: an input range of the results, in the order of the input
    // (imap_unordered: of their ends). Several inputs go side by side, until one ends.
    //
    // Lazy: a green thread walks the input, and stays `window` items ahead of the consumer at most. Items are copied
    // (moved, from a range of rvalues) into their jobs; f is one copy that all jobs call. An input given as an lvalue
    // must outlive the imap, and so must the Group. See Imap for errors, which end neither the jobs nor the walk.
    template <class F, std::ranges::input_range... Ranges>
    auto imap(F&& f, Ranges&&... inputs) {
        return imap(ImapBraces{.where = {}}, std::forward<F>(f), std::forward<Ranges>(inputs)...);
    }
    template <class F, std::ranges::input_range... Ranges>
    auto imap(const ImapBraces& options, F&& f, Ranges&&... inputs) {
        return feed<Zip<Ranges...>>(options.options(), true, std::forward<F>(f), std::forward<Ranges>(inputs)...);
    }
    template <class F, std::ranges::input_range... Ranges>
    auto imap(const ImapCall& call, F&& f, Ranges&&... inputs) {
        return feed<Zip<Ranges...>>(call.options(), true, std::forward<F>(f), std::forward<Ranges>(inputs)...);
    }
    template <class F, std::ranges::input_range... Ranges>
    auto imap_unordered(F&& f, Ranges&&... inputs) {
        return imap_unordered(ImapBraces{.where = {}}, std::forward<F>(f), std::forward<Ranges>(inputs)...);
    }
    template <class F, std::ranges::input_range... Ranges>
    auto imap_unordered(const ImapBraces& options, F&& f, Ranges&&... inputs) {
        return feed<Zip<Ranges...>>(options.options(), false, std::forward<F>(f), std::forward<Ranges>(inputs)...);
    }
    template <class F, std::ranges::input_range... Ranges>
    auto imap_unordered(const ImapCall& call, F&& f, Ranges&&... inputs) {
        return feed<Zip<Ranges...>>(call.options(), false, std::forward<F>(f), std::forward<Ranges>(inputs)...);
    }

    // imap over a range of tuples: f(a, b) of each.
    template <class F, std::ranges::input_range Range>
    auto starmap(F&& f, Range&& input) {
        return starmap(ImapBraces{.where = {}}, std::forward<F>(f), std::forward<Range>(input));
    }
    template <class F, std::ranges::input_range Range>
    auto starmap(const ImapBraces& options, F&& f, Range&& input) {
        return feed<Star<Range>>(options.options(), true, std::forward<F>(f), std::forward<Range>(input));
    }
    template <class F, std::ranges::input_range Range>
    auto starmap(const ImapCall& call, F&& f, Range&& input) {
        return feed<Star<Range>>(call.options(), true, std::forward<F>(f), std::forward<Range>(input));
    }

    // All results at once, as a vector (nothing, where f returns nothing). Throws: the first error, in the order of
    // the input; the jobs that still run are killed then.
    template <class F, std::ranges::input_range... Ranges>
    auto map(F&& f, Ranges&&... inputs) {
        auto all =
            imap(ImapBraces{.window = unbounded, .where = {}}, std::forward<F>(f), std::forward<Ranges>(inputs)...);
        return collect(all);
    }

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

    template <class Source, class F, class... Ranges>
    auto feed(const ImapOptions& options, bool ordered, F&& f, Ranges&&... inputs) {
        using Call = std::decay_t<F>;
        static_assert(
            applicable<Call, typename Source::Arguments>,
            "tendril: map, imap or starmap: the function cannot be called with the items of the input. It gets "
            "copies of them, as rvalues: let it take them by value or by const&");
        if constexpr (applicable<Call, typename Source::Arguments>) {
            using Jobs = JobsOf<Call, Source>;
            refuse_empty(f);
            return Imap<typename Jobs::R>(start_feed(
                std::make_unique<Jobs>(std::forward<F>(f), Source(std::forward<Ranges>(inputs)...)), options, ordered));
        } else {
            return Imap<void>(nullptr);
        }
    }
    FeedPtr start_feed(std::unique_ptr<JobSource> jobs, const ImapOptions& options, bool ordered);

    template <class R>
    static auto collect(Imap<R>& all) {
        if constexpr (std::is_void_v<R>) {
            while (all.next()) {
            }
        } else {
            std::vector<R> results;
            while (auto result = all.next()) {
                results.push_back(*std::move(result));
            }
            return results;
        }
    }

    static constexpr std::size_t crew_size = 384;
    alignas(void*) std::byte crew_[crew_size];
    int exceptions_;  // in flight when it was made: more at its end, and it is left by one
};

// Sees the Crew of a Group or Pool.
struct CrewAccess {
    static Crew& of(GroupFace& group) noexcept { return group.crew(); }
};

}  // namespace detail

class Group : public detail::GroupFace {
public:
    Group() noexcept : GroupFace("a Group", unbounded) {}

    // Waits for the members under a Shield; kills them first when an exception leaves the scope. Yields.
    ~Group() = default;
};

}  // namespace tendril
