// SPDX-License-Identifier: MIT
//
// Workers: the OS threads of a ThreadPool and the queue of its jobs. Not for users.
//
// A job is `waiting` in the queue, `running` in a worker, then `returning` until its letter is under way to its hub;
// the pool is idle when all three are 0. So the results are in their hubs' mailboxes before the letters that wake those
// who join() it.
//
// One wake-up is under way at a time: the worker that it reaches takes a job, and wakes the next one if more jobs wait.
// So a burst of short jobs does not wake all. One worker that has nothing to do may spin for a moment before it sleeps;
// while it does, nobody is woken.
//
// A worker looks for a job before it looks for a reason to end, so a job that is queued never waits for a worker that
// ends. A worker that has left work() is in `finished` until it is joined: by the next one that leaves, by resize() or
// by the destructor.

#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include <tendril/deadline.hpp>
#include <tendril/detail/base/list.hpp>
#include <tendril/detail/base/mutex.hpp>
#include <tendril/detail/pool/job.hpp>
#include <tendril/detail/sync/shared_wait.hpp>
#include <tendril/duration.hpp>
#include <tendril/shared_event.hpp>

#include "base/at_fork.hpp"
#include "base/patience.hpp"
#include "base/plain_thread.hpp"
#include "base/thread_condition.hpp"
#include "pool/job.hpp"

namespace tendril::detail {

struct WorkerCounts {
    std::size_t limit, threads, running, waiting;
};

struct Workers {
    Workers(std::size_t threads_at_most, Duration idle_timeout) noexcept
        : limit_(threads_at_most), idle_(idle_timeout) {}
    Workers(const Workers&) = delete;
    Workers& operator=(const Workers&) = delete;

    // Queues the job. Throws: std::system_error if there is no thread and none can be started; std::logic_error if the
    // pool is being destroyed; the job is not queued then.
    void submit(Job& job);
    bool take_out(Job& job) noexcept;  // of the queue. Returns: false if it has begun, or was dropped

    bool join(Deadline deadline);
    std::size_t drop_queue() noexcept;  // and ends the threads that have nothing to do
    void resize(std::size_t threads);
    void prestart(std::size_t threads);
    void set_idle_timeout(Duration timeout) noexcept;
    WorkerCounts counts() const;

    // For the end of the pool: drops the queue, and waits until all threads have left, under a Shield.
    void close();

private:
    struct Worker : ListNode {
        PlainThread thread;
        std::uint64_t round = 0;  // kills before it was started
    };
    static constexpr std::uint64_t closing = UINT64_MAX;

    bool must_wake_one() noexcept TENDRIL_REQUIRES(mutex_);
    void start_threads() TENDRIL_REQUIRES(mutex_);
    void start_thread() TENDRIL_REQUIRES(mutex_);
    void work(Worker& me) noexcept;
    bool run(Job& job, SharedLock& lock) noexcept;
    bool await_job(const Worker& me, SharedLock& lock) noexcept;
    void spin(SharedLock& lock, std::int64_t since_ns) noexcept;
    void sleep(SharedLock& lock, std::int64_t since_ns, std::chrono::nanoseconds timeout) noexcept;
    void leave(Worker& me, SharedLock& lock) noexcept;
    static void join_all(List<Worker>& ended) noexcept;
    void take_finished(List<Worker>& into) noexcept TENDRIL_REQUIRES(mutex_);
    void dequeue(Job& job) noexcept TENDRIL_REQUIRES(mutex_);
    bool idle() const noexcept TENDRIL_REQUIRES(mutex_) { return waiting_ + running_ + returning_ == 0; }
    void tell_joiners() noexcept TENDRIL_REQUIRES(mutex_);
    void forked() noexcept;

    mutable SharedMutex mutex_{Rank::thread_pool};
    std::size_t limit_ TENDRIL_GUARDED_BY(mutex_);        // of threads
    std::size_t threads_ TENDRIL_GUARDED_BY(mutex_) = 0;  // in work()
    std::size_t waiting_ TENDRIL_GUARDED_BY(mutex_) = 0;  // jobs, as said above
    std::size_t running_ TENDRIL_GUARDED_BY(mutex_) = 0;
    std::size_t returning_ TENDRIL_GUARDED_BY(mutex_) = 0;
    List<Job> queue_ TENDRIL_GUARDED_BY(mutex_);
    std::uint64_t round_ TENDRIL_GUARDED_BY(mutex_) = 0;  // of kills; `closing` at the pool's end
    Duration idle_ TENDRIL_GUARDED_BY(mutex_);            // for how long a thread may be
    List<Worker> finished_ TENDRIL_GUARDED_BY(mutex_);    // owned
    SharedWaitQueue joiners_ TENDRIL_GUARDED_BY(mutex_){mutex_, "a ThreadPool"};

    ThreadCondition changed_;
    std::size_t sleepers_ TENDRIL_GUARDED_BY(mutex_) = 0;
    bool waking_ TENDRIL_GUARDED_BY(mutex_) = false;        // one of them is being woken
    std::int64_t woken_ns_ TENDRIL_GUARDED_BY(mutex_) = 0;  // when that began
    bool spins_ TENDRIL_GUARDED_BY(mutex_) = false;         // a worker does
    Patience patience_ TENDRIL_GUARDED_BY(mutex_);
    std::atomic<bool> jobs_wait_ = false;  // for the one that spins; written under mutex_
    SharedEvent all_left_;                 // once closing

    const AtFork at_fork_{this, [](void* self) noexcept { static_cast<Workers*>(self)->forked(); }};
};

}  // namespace tendril::detail
