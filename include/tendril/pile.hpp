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
#include <exception>
#include <list>
#include <memory>
#include <type_traits>
#include <utility>

#include <tendril/detail/hub/spawn_members.hpp>
#include <tendril/detail/pool/results.hpp>
#include <tendril/detail/sync/wait_queue.hpp>
#include <tendril/pool.hpp>
#include <tendril/semaphore.hpp>
#include <tendril/size.hpp>

namespace tendril {

struct PileOptions {
    Size window = unbounded;  // jobs spawned and not consumed
};

namespace detail {

// What does not depend on the type of the results.
class PileCore {
public:
    PileCore(Crew& crew, std::size_t window);
    PileCore(const PileCore&) = delete;
    PileCore& operator=(const PileCore&) = delete;
    ~PileCore();

    // A spawn that goes on: the consumer waits for it rather than seeing the end.
    class Spawning {
    public:
        explicit Spawning(PileCore& core);  // waits for room in the window
        Spawning(const Spawning&) = delete;
        Spawning& operator=(const Spawning&) = delete;
        ~Spawning();
        void done(AnyGreenlet job) noexcept;

    private:
        struct Going {  // counted from before it waits for room
            PileCore& core;
            explicit Going(PileCore& c) noexcept : core(c) { ++core.spawning_; }
            Going(const Going&) = delete;
            Going& operator=(const Going&) = delete;
            ~Going();
        };
        Going going_;
        std::list<AnyGreenlet> place_{1};  // for the job, which is not to be lost once it is spawned
    };

    AnyGreenlet next();  // refers to none when it is empty
    std::size_t size() const noexcept { return jobs_.size() + spawning_; }
    void close(bool kill_them) noexcept;

private:
    Crew& crew_;
    Semaphore room_;
    std::size_t spawning_ = 0;
    std::list<AnyGreenlet> jobs_;  // in the order of spawning
    WaitQueue consumers_{"a Pile"};
};

}  // namespace detail

template <class R>
class Pile : public detail::SpawnMembers<Pile<R>>, public detail::Results<Pile<R>, R> {
public:
    // With a Pool of its own. Throws: std::invalid_argument when a size is negative.
    explicit Pile(Size size = 1000, PileOptions options = {})
        : own_(std::make_unique<Pool>(size)), pool_(own_.get()), core_(detail::CrewAccess::of(*pool_), options.window) {
    }

    // In a Pool that others use too; it must outlive the Pile.
    explicit Pile(Pool& pool, PileOptions options = {})
        : pool_(&pool), core_(detail::CrewAccess::of(pool), options.window) {}

    // Waits for its jobs under a Shield; kills them first when an exception leaves the scope. Yields.
    ~Pile() { core_.close(std::uncaught_exceptions() > exceptions_); }

    // As Pool::spawn, after waiting for room in the window. When it throws, there is no hole in the results.
    template <class F, class... A>
    requires detail::Task<F, A...>
    void spawn(const detail::SpawnBraces& options, F&& f, A&&... args) {
        spawn(detail::SpawnCall(options.options(), options.where), std::forward<F>(f), std::forward<A>(args)...);
    }
    template <class F, class... A>
    requires detail::Task<F, A...>
    void spawn(const detail::SpawnCall& options, F&& f, A&&... args) {
        static_assert(std::is_convertible_v<detail::ResultOf<F, A...>, R> || std::is_void_v<R>,
                      "what runs in a Pile<R> must return something that converts to R");
        detail::refuse_empty(f);
        typename detail::PileCore::Spawning spawning(core_);
        if constexpr (std::is_same_v<detail::ResultOf<F, A...>, R>) {
            spawning.done(pool_->spawn(options, std::forward<F>(f), std::forward<A>(args)...));
        } else {
            using C = detail::Closure<std::decay_t<F>, std::decay_t<A>...>;
            spawning.done(pool_->spawn(options, [c = C{std::forward<F>(f), {std::forward<A>(args)...}}]() mutable -> R {
                return static_cast<R>(c());
            }));
        }
    }
    template <class F, class... A>
    requires detail::NoTask<F, A...>
    void spawn(const SpawnOptions&, F&&, A&&...) { detail::refuse_call<F, A...>(); }
    using detail::SpawnMembers<Pile>::spawn;
    template <class... A>
    void spawn_n(A&&...) = delete;  // every job of a Pile has a result: use spawn(), or a Pool

    // Jobs spawned, or waiting to be so, and not consumed.
    std::size_t size() const noexcept { return core_.size(); }

private:
    friend class detail::Results<Pile, R>;
    AnyGreenlet take() { return core_.next(); }

    std::unique_ptr<Pool> own_;
    Pool* pool_;
    detail::PileCore core_;
    int exceptions_ = std::uncaught_exceptions();
};

}  // namespace tendril
