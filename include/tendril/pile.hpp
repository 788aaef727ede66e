// SPDX-License-Identifier: MIT
// Floor: pool
//
// Pile: jobs whose results are read in the order in which they were spawned, also while more are spawned.
//
//     Pile<std::string> pile(20);                     // 20 at a time; or Pile<std::string> pile(pool)
//     for (const auto& url : urls) pile.spawn(fetch, url);
//     for (std::string& page : pile) show(page);
//
// Results are kept until they are taken. A window bounds their number: spawn() then waits for the consumer too, so
// another green thread must consume. With keep_open it may begin before the first spawn(). A Pile belongs to one OS
// thread. Example: examples/pile.cpp

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

// Options of a Pile.
struct PileOptions {
    Size window = unbounded;  // jobs spawned and not yet consumed

    // For a producer and a consumer in different green threads: next() waits for another job, instead of returning
    // nothing, until done_spawning() is called.
    bool keep_open = false;
};

namespace detail {

// The part that does not depend on the type of the results: the Pool, the window and the jobs. See src/pool/pile.cpp.
class PileCore;

// Waits for its jobs under a Shield; kills them first when an exception leaves the scope.
struct EndPile {
    void operator()(PileCore* core) const noexcept;
};
using PilePtr = std::unique_ptr<PileCore, EndPile>;
PilePtr make_pile(Size size, const PileOptions& options);
PilePtr make_pile(Pool& pool, const PileOptions& options);
AnyGreenlet next_job(PileCore& core);  // an empty handle at the end
std::size_t jobs(const PileCore& core) noexcept;
void done_spawning(PileCore& core);

// A spawn under way: the consumer waits for it instead of seeing the end.
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
    std::list<AnyGreenlet> place_{1};  // for the job: allocated before it is spawned, so that it cannot be lost
};

}  // namespace detail

template <class R>
class Pile : public detail::SpawnMembers<Pile<R>>, public detail::Results<Pile<R>, R> {
public:
    // Makes a Pool of its own. Throws: std::invalid_argument for a negative size or a window of 0.
    explicit Pile(Size size = 1000, PileOptions options = {}) : core_(detail::make_pile(size, options)) {}

    // Uses a Pool that may also run other jobs, and must outlive the Pile. Throws: std::invalid_argument for a window
    // of 0.
    explicit Pile(Pool& pool, PileOptions options = {}) : core_(detail::make_pile(pool, options)) {}

    Pile(const Pile&) = delete;
    Pile& operator=(const Pile&) = delete;

    // Waits for the jobs under a Shield; kills them first if an exception leaves the scope. Yields. Requires: no green
    // thread is in a call on it. Aborts otherwise.
    ~Pile() = default;

    // As Pool::spawn, after waiting for room in the window. If it throws, the results have no gap.
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

    // Ends a Pile that is kept open: consumers see the end after the last result. Further spawn()s throw
    // std::logic_error; the jobs of those under way still count. Never yields. Without keep_open it only forbids
    // further spawn()s.
    void done_spawning() { detail::done_spawning(*core_); }

    // Returns: the number of jobs that are spawned, or waiting to be, and not yet consumed.
    std::size_t size() const noexcept { return detail::jobs(*core_); }

private:
    friend class detail::Results<Pile, R>;
    AnyGreenlet take() { return detail::next_job(*core_); }

    detail::PilePtr core_;
};

}  // namespace tendril
