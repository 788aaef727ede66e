// SPDX-License-Identifier: MIT
// Floor: pool
//
// ThreadPool and offload(): run functions that block, or compute for long, in other OS threads, while this one's green
// threads go on.
//
//     auto hash = offload(slow_hash, password);              // this green thread waits, its hub does not
//
//     ThreadPool pool(4);
//     AsyncResult<int> a = pool.spawn(work, 1);              // does not wait
//     int sum = pool.apply(work, 2) + a.get();
//
// A job owns copies of its function and arguments, as std::thread makes them. So a caller that gives up (by a Timeout,
// a kill or a deadline) leaves nothing dangling: a job that has begun runs on, and its value is dropped; another never
// runs. Pass references with std::ref() only to objects that are sure to outlive the job. The result, which must be
// movable, or the exception goes back to the caller's OS thread.
//
// The worker thread destroys the function and its arguments as soon as the call is over, before the caller learns of
// that; those of a job that never runs are destroyed by the OS thread that drops it. The result belongs to the caller's
// OS thread, whose hub moves it into place in a callback.
//
// Any OS thread may use a pool; results stay in the OS thread that asked. In a pool's own threads, its spawn() and
// apply() run the job inline: a pool never waits for itself. Jobs may use green threads; each worker has a hub of its
// own. Workers block all signals except those of faults. Example: examples/offload.cpp

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
    // threads: how many jobs run at once. The threads are started when there is work for them, and end with the pool.
    // Throws: std::invalid_argument for a negative number.
    explicit ThreadPool(Size threads = 10);
    ThreadPool(const ThreadPool&) = delete;
    ThreadPool& operator=(const ThreadPool&) = delete;

    // Waits for the jobs that have begun, and drops the others: their results throw JobDropped. Yields: other green
    // threads run meanwhile; a kill or a Timeout takes effect afterwards. Requires: no other OS thread uses the pool
    // any more, and the caller is not a job of the pool; aborts in that case. In a callback of the hub it blocks the
    // hub.
    ~ThreadPool();

    // Returns: the process's own pool, of 10 threads, for offload(). Made on first use and never destroyed: jobs that
    // run when the process exits are cut short.
    static ThreadPool& shared();

    // Runs f(args...) in a worker, in the order of the calls. Never yields. Dropping the result changes nothing for the
    // job; the hub's error handler then gets its error.
    // Throws: std::system_error if there is no thread and none can be started; what copying the arguments throws.
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
    // Yields. Throws: TimeoutError if the deadline came first; JobDropped; Interrupt; HubBlocked; as spawn(). After a
    // timeout, a kill or a Timeout, a job that has begun runs on, and another never runs.
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

    // Chosen for a function that cannot be called, to give a readable error.
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

    // Sets the number of threads. Excess threads end after their present job. With 0, all jobs wait.
    // Throws: std::system_error if jobs wait, there is no thread and none can be started.
    void resize(Size threads);

    // A snapshot: the numbers may have changed before the call returns.
    std::size_t size() const;     // the number of threads there may be
    std::size_t running() const;  // jobs under way
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

// Runs f(args...) in a thread of ThreadPool::shared(), and waits for it. As apply().
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
