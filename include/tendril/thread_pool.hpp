// SPDX-License-Identifier: MIT
// Floor: pool
//
// ThreadPool and offload(): run what blocks, or computes for long, in other OS threads, while this one's green threads
// go on.
//
//     auto hash = offload(slow_hash, password);              // this green thread waits, its hub does not
//
//     ThreadPool pool(4);
//     AsyncResult<int> a = pool.spawn(work, 1);              // waits for nothing
//     int sum = pool.apply(work, 2) + a.get();
//
// A job owns copies of its function and arguments, as std::thread makes them, so a caller that gives up (a Timeout, a
// kill, a deadline) leaves nothing dangling: its job goes on if it has begun, and its value is dropped; else it never
// runs. Pass references with std::ref() only to what outlives the job for certain. What the function returns, or
// throws, comes back to the caller's OS thread; it must be movable.
//
// Who destroys what: function and arguments are destroyed by the worker thread as soon as the call is over, before
// its caller knows; those of a job that never runs, by whoever dropped it. The result belongs to the caller's OS
// thread; its hub moves it into place there, in a callback.
//
// Any OS thread may use a pool, results stay in the one that asked. In a pool's own threads its spawn() and apply()
// run the job inline: a pool never waits for itself. Jobs may use green threads; each worker has a hub of its own.
// Workers block all signals but those of faults. Example: examples/offload.cpp

#pragma once

#include <concepts>
#include <cstddef>
#include <exception>
#include <memory>
#include <new>
#include <stdexcept>
#include <type_traits>
#include <utility>

#include <tendril/async_result.hpp>
#include <tendril/deadline.hpp>
#include <tendril/detail/hub/time_out.hpp>
#include <tendril/detail/pool/job.hpp>
#include <tendril/error.hpp>
#include <tendril/size.hpp>

namespace tendril {

// The pool was destroyed before this job began.
class JobDropped : public std::runtime_error {
public:
    JobDropped() : std::runtime_error("the ThreadPool was destroyed before this job began; it was dropped unrun") {}
};

class ThreadPool {
public:
    // threads: how many jobs run at once. They are started when there is work for them, and end with the pool.
    explicit ThreadPool(Size threads = 10);
    ThreadPool(const ThreadPool&) = delete;
    ThreadPool& operator=(const ThreadPool&) = delete;

    // Jobs that have begun run to their end, jobs that have not are dropped: their results are JobDropped. Other green
    // threads run meanwhile; a kill or a Timeout waits. Requires: no other OS thread uses it any more, and it is not
    // destroyed by a job of its own, which aborts. In a callback of the hub it cannot wait so, and blocks the hub.
    ~ThreadPool();

    // The process's own, of 10 threads, for offload(). Made on first use, never destroyed: what its jobs do when the
    // process exits is cut short.
    static ThreadPool& shared();

    // Runs f(args...) in a worker, in the order of the calls. Dropping the result changes nothing for the job; an
    // error that nobody has asked for then goes to the hub's error handler.
    // Throws: std::system_error when there is no thread and none can be started; what copying the arguments throws.
    template <class F, class... A>
    requires detail::Task<F, A...>
    auto spawn(F&& f, A&&... args) -> AsyncResult<detail::JobResult<F, A...>> {
        using R = detail::JobResult<F, A...>;
        static_assert(detail::can_be_taken<F, A...>,
                      "a job gets copies of f and args, and one can't be copied: std::move it");
        detail::refuse_empty(f);
        AsyncResult<R> result;
        if (detail::inside(*workers_)) {
            run_inline(result, std::forward<F>(f), std::forward<A>(args)...);
        } else {
            submit(result, std::forward<F>(f), std::forward<A>(args)...);
        }
        return result;
    }

    // Runs f(args...) in a worker and waits for it. Returns: its result, or rethrows its exception.
    // Yields. Throws: TimeoutError when the deadline came first; JobDropped; Interrupt; as spawn().
    template <class F, class... A>
    requires detail::Task<F, A...>
    auto apply(Deadline deadline, F&& f, A&&... args) -> detail::JobResult<F, A...> {
        using R = detail::JobResult<F, A...>;
        static_assert(detail::can_be_taken<F, A...>,
                      "a job gets copies of f and args, and one can't be copied: std::move it");
        detail::refuse_empty(f);
        if (detail::inside(*workers_)) {
            return detail::Closure<std::decay_t<F>, std::decay_t<A>...>{std::forward<F>(f),
                                                                        {std::forward<A>(args)...}}();
        }
        detail::about_to_wait();
        AsyncResult<R> result;
        struct GiveUp {
            const AsyncResult<R>& result;
            detail::Job& job;
            ~GiveUp() {
                if (!result.ready()) {
                    detail::give_up(job);
                }
            }
        } const unless_ready{result, submit(result, std::forward<F>(f), std::forward<A>(args)...)};
        if (!result.wait(deadline)) {
            detail::wait_timed_out("ThreadPool::apply");
        }
        return std::move(result).get();
    }
    template <class F, class... A>
    requires detail::Task<F, A...>
    auto apply(F&& f, A&&... args) -> detail::JobResult<F, A...> {
        return apply(never, std::forward<F>(f), std::forward<A>(args)...);
    }

    // What cannot be called: they say so.
    template <class F, class... A>
    requires detail::NoTask<F, A...> AsyncResult<void> spawn(F&&, A&&...) {
        detail::refuse_call<F, A...>();
        return {};
    }
    template <class F, class... A>
    requires(detail::NoTask<F, A...> && !std::convertible_to<F, Deadline>) detail::Anything<F> apply(F&&, A&&...) {
        detail::refuse_call<F, A...>();
        return {};
    }
    template <class F, class... A>
    requires detail::NoTask<F, A...> detail::Anything<F> apply(Deadline, F&&, A&&...) {
        detail::refuse_call<F, A...>();
        return {};
    }

    // More threads at once, or fewer: those that are too many end after their present job. With 0, jobs wait.
    // Throws: std::system_error when jobs wait, there is no thread and none can be started.
    void resize(Size threads);

    // As they were; they may have changed before they return.
    std::size_t size() const;     // threads there may be
    std::size_t running() const;  // jobs
    std::size_t waiting() const;  // jobs that have not begun

private:
    template <class R, class F, class... A>
    detail::Job& submit(const AsyncResult<R>& result, F&& f, A&&... args) {
        static_assert(std::is_void_v<R> || std::is_move_constructible_v<R>, "what a job returns must be movable");
        using Payload = detail::JobPayload<detail::Closure<std::decay_t<F>, std::decay_t<A>...>, R>;
        static constexpr detail::JobKind kind = Payload::kind();
        detail::NewJob job(workers_, kind, detail::RecordAccess::of(result));
        ::new (job.payload()) Payload(std::forward<F>(f), std::forward<A>(args)...);
        return job.submit();
    }
    template <class R, class F, class... A>
    static void run_inline(const AsyncResult<R>& result, F&& f, A&&... args) {
        detail::Closure<std::decay_t<F>, std::decay_t<A>...> call{std::forward<F>(f), {std::forward<A>(args)...}};
        try {
            if constexpr (std::is_void_v<R>) {
                call();
                result.set();
            } else {
                result.set(call());
            }
        } catch (const Interrupt&) {
            throw;  // it is meant for the caller
        } catch (...) {
            detail::fail(detail::RecordAccess::of(result), std::current_exception());
        }
    }

    std::shared_ptr<detail::Workers> workers_;
};

// f(args...) in a thread of ThreadPool::shared(); as its apply().
template <class F, class... A>
requires detail::Task<F, A...>
auto offload(F&& f, A&&... args) {
    return ThreadPool::shared().apply(std::forward<F>(f), std::forward<A>(args)...);
}
template <class F, class... A>
requires detail::Task<F, A...>
auto offload(Deadline deadline, F&& f, A&&... args) {
    return ThreadPool::shared().apply(deadline, std::forward<F>(f), std::forward<A>(args)...);
}
template <class F, class... A>
requires(detail::NoTask<F, A...> && !std::convertible_to<F, Deadline>) detail::Anything<F> offload(F&&, A&&...) {
    detail::refuse_call<F, A...>();
    return {};
}
template <class F, class... A>
requires detail::NoTask<F, A...> detail::Anything<F> offload(Deadline, F&&, A&&...) {
    detail::refuse_call<F, A...>();
    return {};
}

}  // namespace tendril
