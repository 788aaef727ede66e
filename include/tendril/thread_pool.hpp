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
//     for (Image& small : pool.imap(shrink, names)) show(small);    // 4 at a time, in the order of names
//     pool.join();                                           // all that was submitted has ended
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
#include <memory>
#include <stdexcept>
#include <type_traits>
#include <utility>

#include <tendril/async_result.hpp>
#include <tendril/deadline.hpp>
#include <tendril/detail/pool/job.hpp>
#include <tendril/detail/pool/map_members.hpp>
#include <tendril/detail/pool/thread_jobs.hpp>
#include <tendril/duration.hpp>
#include <tendril/size.hpp>

namespace tendril {

// The pool was destroyed or killed before this job began.
class JobDropped : public std::runtime_error {
public:
    JobDropped()
        : std::runtime_error("the ThreadPool was destroyed or killed before this job began; it was dropped unrun") {}
};

// Options of a ThreadPool.
struct ThreadPoolOptions {
    // An OS thread that has had no job for this long ends; the next job that needs one starts another.
    Duration idle_timeout = forever;
};

// OS threads for calls that block: see the head of this file.
class ThreadPool : public detail::MapMembers<ThreadPool> {
public:
    // threads: how many jobs run at once. The threads are started when there is work for them, and end when they have
    // been idle for idle_timeout, by kill(), or with the pool.
    // Throws: std::invalid_argument for a negative number.
    explicit ThreadPool(Size threads = 10, ThreadPoolOptions options = {});
    ThreadPool(const ThreadPool&) = delete;
    ThreadPool& operator=(const ThreadPool&) = delete;

    // Waits for the jobs that have begun, and drops the others: their results throw JobDropped. To have them all run,
    // call join() first. Yields: other green threads run meanwhile; a kill or a Timeout takes effect afterwards.
    // Requires: no other OS thread uses the pool any more, and the caller is not a job of the pool; aborts in that
    // case. In a callback of the hub it blocks the hub.
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
        detail::check_job<F, A...>();
        detail::refuse_empty(f);
        AsyncResult<detail::JobResult<F, A...>> result;
        if (detail::inside(*workers_)) {
            detail::run_inline(result, std::forward<F>(f), std::forward<A>(args)...);
        } else {
            detail::submit_job(workers_, result, std::forward<F>(f), std::forward<A>(args)...);
        }
        return result;
    }

    // Runs f(args...) in a worker and waits for it. Returns: its result, or rethrows its exception.
    // Yields. Throws: TimeoutError if the deadline came first; JobDropped; Interrupt; HubBlocked; as spawn(). After a
    // timeout, a kill or a Timeout, a job that has begun runs on, and another never runs.
    template <class F, class... A>
    requires detail::Task<F, A...>
    auto apply(Deadline deadline, F&& f, A&&... args) -> detail::JobResult<F, A...> {
        detail::check_job<F, A...>();
        detail::refuse_empty(f);
        return detail::apply_job(workers_, deadline, std::forward<F>(f), std::forward<A>(args)...);
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

    // imap(f, items), imap_unordered(), starmap() and map(): calls of f, each in a worker: see detail::MapMembers. All
    // workers call one copy of f, at the same time and as const: a function that changes itself does not compile. The
    // window is twice the number of threads, unless ImapOptions says otherwise; map() has as many jobs under way. When
    // an imap goes, or map() throws (its first error, or an Interrupt), the jobs that have not begun never run; those
    // under way run on, with their copies of f and the items, and nobody waits for them.

    // Waits until no job waits or runs: all that was submitted has ended, and its results are there. Returns: false if
    // the deadline came first. Yields. Throws: std::logic_error in one of the pool's jobs, which would wait for itself;
    // Interrupt. A kill or a timeout changes nothing for the jobs.
    bool join() { return detail::join_workers(workers_, never); }
    [[nodiscard("it says whether all ended in time")]] bool join(Deadline deadline) {
        return detail::join_workers(workers_, deadline);
    }

    // Drops the jobs that have not begun: their results throw JobDropped. Ends the idle threads. A job under way cannot
    // be killed: it runs on, brings its result back, and then its thread ends too. The pool can be used as before.
    // kill() waits, as join(), for the ends of the jobs under way; false: some still run at the deadline. kill_nowait()
    // never yields, and may be called in a job. Returns: the number of jobs that it dropped.
    bool kill(Deadline deadline = never) {
        detail::check_outside(*workers_, "kill");
        kill_nowait();
        return detail::join_workers(workers_, deadline);
    }
    std::size_t kill_nowait();

    // Sets the number of threads. Excess threads end after their present job. With 0, all jobs wait.
    // Throws: std::system_error if jobs wait, there is no thread and none can be started.
    void resize(Size threads);

    // Starts threads now, until there are this many (at most size()), rather than when jobs come.
    // Throws: std::system_error if one cannot be started; those before it stay.
    void prestart(Size threads);

    // Also for the threads that are idle now. forever: they stay.
    void set_idle_timeout(Duration timeout);

    // A snapshot: the numbers may have changed before the call returns.
    std::size_t size() const;     // the number of threads there may be
    std::size_t threads() const;  // the number of threads there are
    std::size_t running() const;  // jobs under way
    std::size_t waiting() const;  // jobs that have not begun

private:
    friend class detail::MapMembers<ThreadPool>;
    template <class F, class Source>
    auto feed(const ImapOptions& options, bool ordered, F&& f, Source source) {
        using Call = std::decay_t<F>;
        constexpr bool shareable = detail::applicable<const Call, typename Source::Arguments>;
        static_assert(shareable, "tendril: ThreadPool::map, imap or starmap: several OS threads call the function at "
                                 "once, so it must be callable as const: a lambda without `mutable`");
        if constexpr (shareable) {
            using Jobs = detail::ThreadJobs<Call, Source>;
            return Imap<typename Jobs::R>(detail::start_thread_feed(
                size(), std::make_unique<Jobs>(workers_, std::forward<F>(f), std::move(source)), options, ordered));
        } else {
            return Imap<void>(nullptr);
        }
    }

    detail::WorkersPtr workers_;
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
