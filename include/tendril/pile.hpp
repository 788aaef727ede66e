// SPDX-License-Identifier: MIT
// Floor: pool
//
// Pile: jobs whose results come in the order of their spawning, also while more are spawned.
//
//     Pile<std::string> pile(20);                     // 20 at a time; or Pile<std::string> pile(pool)
//     for (const auto& url : urls) pile.spawn(fetch, url);
//     for (std::string& page : pile) show(page);
//
// Results that nobody takes are kept; a window bounds them: spawn() then waits for the consumer too, so another green
// thread must consume. All of it belongs to one OS thread. Example: examples/pile.cpp

#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <type_traits>
#include <utility>

#include <tendril/detail/hub/spawn.hpp>
#include <tendril/detail/pool/imap.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/group.hpp>
#include <tendril/size.hpp>

namespace tendril {

class Pool;

struct PileOptions {
    Size window = unbounded;  // jobs spawned and not consumed
};

namespace detail {

// What does not depend on the type of the results: the Pool, the window and the jobs. See src/pool/pile.cpp.
class PileCore;

// Waits for its jobs under a Shield; kills them first when an exception leaves the scope.
struct EndPile {
    void operator()(PileCore* core) const noexcept;
};
using PilePtr = std::unique_ptr<PileCore, EndPile>;
PilePtr make_pile(Size size, const PileOptions& options);
PilePtr make_pile(Pool& pool, const PileOptions& options);
AnyGreenlet next_job(PileCore& core);  // refers to none when it is empty
std::size_t jobs(const PileCore& core) noexcept;

// A spawn that goes on: the consumer waits for it rather than seeing the end.
class PileEntry {
public:
    explicit PileEntry(PileCore& core);  // waits for room in the window
    PileEntry(const PileEntry&) = delete;
    PileEntry& operator=(const PileEntry&) = delete;
    ~PileEntry();
    GroupFace& pool() const noexcept;
    void done(AnyGreenlet job) noexcept;

private:
    struct Going {  // counted from before it waits for room
        PileCore& core;
        explicit Going(PileCore& c) noexcept;
        Going(const Going&) = delete;
        Going& operator=(const Going&) = delete;
        ~Going();
    };
    Going going_;
    std::list<AnyGreenlet> place_{1};  // for the job, which is not to be lost once it is spawned
};

}  // namespace detail

template <class R>
class Pile : public detail::SpawnMembers<Pile<R>>, public detail::Results<Pile<R>, R> {
public:
    // With a Pool of its own. Throws: std::invalid_argument when a size is negative.
    explicit Pile(Size size = 1000, PileOptions options = {}) : core_(detail::make_pile(size, options)) {}

    // In a Pool that others use too; it must outlive the Pile.
    explicit Pile(Pool& pool, PileOptions options = {}) : core_(detail::make_pile(pool, options)) {}

    Pile(const Pile&) = delete;
    Pile& operator=(const Pile&) = delete;

    // Waits for its jobs under a Shield; kills them first when an exception leaves the scope. Yields.
    ~Pile() = default;

    // As Pool::spawn, after waiting for room in the window. When it throws, there is no hole in the results.
    template <class F, class... A>
    void spawn(const detail::SpawnBraces& options, F&& f, A&&... args) {
        spawn(detail::SpawnCall(options.options(), options.where), std::forward<F>(f), std::forward<A>(args)...);
    }
    template <class F, class... A>
    void spawn(const detail::SpawnCall& options, F&& f, A&&... args) {
        if constexpr (!detail::Task<F, A...>) {
            detail::refuse_call<F, A...>();
        } else {
            static_assert(std::is_convertible_v<detail::ResultOf<F, A...>, R> || std::is_void_v<R>,
                          "what runs in a Pile<R> must return something that converts to R");
            detail::refuse_empty(f);
            detail::PileEntry entry(*core_);
            if constexpr (std::is_same_v<detail::ResultOf<F, A...>, R>) {
                entry.done(entry.pool().spawn(options, std::forward<F>(f), std::forward<A>(args)...));
            } else {
                using C = detail::Closure<std::decay_t<F>, std::decay_t<A>...>;
                entry.done(
                    entry.pool().spawn(options, [c = C{std::forward<F>(f), {std::forward<A>(args)...}}]() mutable -> R {
                        return static_cast<R>(c());
                    }));
            }
        }
    }
    using detail::SpawnMembers<Pile>::spawn;
    template <class... A>
    void spawn_n(A&&...) = delete;  // every job of a Pile has a result: use spawn(), or a Pool

    // Jobs spawned, or waiting to be so, and not consumed.
    std::size_t size() const noexcept { return detail::jobs(*core_); }

private:
    friend class detail::Results<Pile, R>;
    AnyGreenlet take() { return detail::next_job(*core_); }

    detail::PilePtr core_;
};

}  // namespace tendril
