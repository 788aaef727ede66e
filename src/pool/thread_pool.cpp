// SPDX-License-Identifier: MIT
//
// A job's way: made in its caller's hub, queued, run by a worker, sent back as a letter, delivered in that hub's
// callback green thread, freed there. One OS thread owns it at any time; hand-overs go through the pool's mutex (hub
// to worker) and the mailbox (worker to hub). When its hub has ended, the worker frees it.

#include <tendril/thread_pool.hpp>

#include <csignal>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <new>
#include <thread>
#include <vector>

#include <tendril/detail/base/mutex.hpp>
#include <tendril/detail/hub/inherited.hpp>
#include <tendril/shared_event.hpp>
#include <tendril/shield.hpp>

#include "base/at_fork.hpp"
#include "base/fork_gate.hpp"
#include "base/on_exit.hpp"
#include "base/once.hpp"
#include "base/report.hpp"
#include "base/signals_blocked.hpp"
#include "base/thread_condition.hpp"
#include "hub/here.hpp"
#include "hub/mailbox.hpp"
#include "hub/waiter.hpp"

namespace tendril::detail {

namespace {

constinit thread_local const Workers* working_for = nullptr;

}  // namespace

struct Job : ListNode {
    bool queued = false;  // in the pool's queue; under the pool's mutex

    struct Return : Letter {
        Job& job;
        explicit Return(Job& j) noexcept : Letter(&Job::arrived), job(j) {}
    } letter{*this};

    // The hub's:
    struct Delivery final : HubCallback {
        Job& job;
        explicit Delivery(Job& j) noexcept : job(j) {}
        void run() noexcept override { job.deliver(); }
    } delivery{*this};
    struct Presence : Expectation {
        Job& job;
        explicit Presence(Job& j) noexcept : Expectation(&Job::hub_gone), job(j) {}
    } presence{*this};
    RecordPtr<Record> record;

    const std::shared_ptr<Workers> workers;
    const std::shared_ptr<Mailbox> mailbox;
    const JobKind& kind;
    void* payload = nullptr;
    bool has_payload = false;
    std::exception_ptr error;                   // in place of a result
    InheritedPtr inherited = inherited_here();  // the values of the caller's ContextLocals

    Job(const std::shared_ptr<Workers>& w, const JobKind& k, const RecordPtr<Record>& r)
        : record(r), workers(w), mailbox(here::mailbox()), kind(k) {}

    static std::size_t offset(const JobKind& kind) noexcept {
        return (sizeof(Job) + kind.alignment - 1) / kind.alignment * kind.alignment;
    }
    static std::align_val_t alignment(const JobKind& kind) noexcept {
        return std::align_val_t(std::max(alignof(Job), kind.alignment));
    }

    static Job& make(const std::shared_ptr<Workers>& workers, const JobKind& kind, const RecordPtr<Record>& record) {
        here::prepare_to_post();
        void* memory = ::operator new(offset(kind) + kind.size, alignment(kind));
        auto* job = ::new (memory) Job(workers, kind, record);
        job->payload = static_cast<std::byte*>(memory) + offset(kind);
        return *job;
    }
    void drop_payload() noexcept {
        if (std::exchange(has_payload, false)) {
            kind.destroy(payload);
        }
    }
    void free() noexcept {
        drop_payload();
        const std::align_val_t aligned = alignment(kind);
        this->~Job();
        ::operator delete(this, aligned);
    }

    // Called by a worker, or by the OS thread that drops the job, as the last that it does with it.
    void send_back() noexcept {
        if (const std::shared_ptr<Mailbox> to = mailbox; !to->send(letter)) {
            free_without_hub();
        }
    }

private:
    void free_without_hub() noexcept {
        if (error != nullptr) {
            report("a job of a ThreadPool, whose hub has ended", error);
        }
        free();
    }

    static void arrived(Letter& letter, bool hub_lives) noexcept {
        Job& job = static_cast<Return&>(letter).job;
        if (hub_lives) {
            here::post(job.delivery);  // not here: moving the result runs the user's code
        } else {
            job.free_without_hub();
        }
    }

    void deliver() noexcept {
        {
            const NoFork whole;
            presence.end();
        }
        if (error == nullptr) {
            try {
                kind.deliver(payload, *record.get());
            } catch (...) {
                error = std::current_exception();
            }
        }
        if (error != nullptr) {
            record->name = "offloaded job";  // for the report, if no caller asks
        }
        end_record(*record.get(), error == nullptr ? Ending::value : Ending::error, error);
        free();
    }

    // The worker may still use the job, so only the hub's part is released here. The handles that are left see it as
    // killed. In the child of a fork() there is no worker: a result that is not yet delivered never will be.
    static void hub_gone(Expectation& expectation, HubGone how) noexcept {
        Job& job = static_cast<Presence&>(expectation).job;
        {
            const NoFork whole;
            expectation.end();
        }
        if (how == HubGone::forked_elsewhere) {
            return;  // its handles belong to an OS thread that is gone
        }
        if (how == HubGone::forked) {
            job.delivery.unlink();
            end_record(*job.record.get(), Ending::killed, nullptr);
            return;
        }
        job.record->ending = Ending::killed;
        job.record = {};
        if (job.delivery.linked()) {
            job.delivery.unlink();
            job.free_without_hub();
        }
    }
};

struct Workers {
    mutable Mutex mutex{Rank::thread_pool};
    std::size_t limit TENDRIL_GUARDED_BY(mutex);
    std::size_t running TENDRIL_GUARDED_BY(mutex) = 0;  // jobs
    std::size_t waiting TENDRIL_GUARDED_BY(mutex) = 0;  // jobs in the queue
    List<Job> queue TENDRIL_GUARDED_BY(mutex);
    bool closing TENDRIL_GUARDED_BY(mutex) = false;
    std::vector<std::thread> threads TENDRIL_GUARDED_BY(mutex);   // in work()
    std::vector<std::thread> finished TENDRIL_GUARDED_BY(mutex);  // that have left work()

    ThreadCondition changed;
    SharedEvent all_left;  // once closing

    explicit Workers(std::size_t threads_at_most) : limit(threads_at_most) {}

    void enqueue(Job& job) TENDRIL_REQUIRES(mutex) {
        queue.push_back(job);
        job.queued = true;
        ++waiting;
    }
    void dequeue(Job& job) noexcept TENDRIL_REQUIRES(mutex) {
        job.ListNode::unlink();
        job.queued = false;
        --waiting;
    }

    // Starts threads for the jobs that wait. Throws: std::system_error if there is no thread at all.
    void start_threads() TENDRIL_REQUIRES(mutex) {
        while (threads.size() < limit && waiting > threads.size() - running) {
            try {
                start_thread();
            } catch (...) {
                if (threads.empty()) {
                    throw;
                }
                return;  // the existing threads will run the jobs
            }
        }
    }

    void work() noexcept {
        working_for = this;
        MutexLock lock(mutex);
        while (threads.size() <= limit) {
            Job* job = queue.front();
            if (job == nullptr) {
                changed.wait(lock);
                continue;
            }
            dequeue(*job);
            ++running;
            lock.unlock();
            try {
                inherited_here() = job->inherited;
                const OnExit cleared([] { inherited_here() = nullptr; });  // also of what the job has set
                job->kind.run(job->payload);
            } catch (...) {
                job->error = std::current_exception();
            }
            lock.lock();
            --running;
            lock.unlock();
            job->send_back();
            lock.lock();
        }
        const auto me = std::find_if(threads.begin(), threads.end(),
                                     [](const std::thread& t) { return t.get_id() == std::this_thread::get_id(); });
        finished.push_back(std::move(*me));
        threads.erase(me);
        if (threads.empty() && closing) {
            all_left.set();
            changed.wake_all();
        }
    }

    // Joins the threads that have left work(). They end at once, except that their own hubs may have work left.
    void join_finished() {
        std::vector<std::thread> ended;
        {
            const MutexLock lock(mutex);
            ended.swap(finished);
        }
        for (std::thread& thread : ended) {
            thread.join();
        }
    }

private:
    // Abandons the threads, which are gone with their jobs and cannot be joined.
    TENDRIL_NOT_ANALYZED void forked() noexcept {
        ::new (&threads) std::vector<std::thread>;
        ::new (&finished) std::vector<std::thread>;
        while (queue.pop_front() != nullptr) {
        }
        running = waiting = 0;
    }

    void start_thread() TENDRIL_REQUIRES(mutex) {
        finished.reserve(finished.size() + threads.size() + 1);  // so that a thread can leave without allocating
        const SignalsBlocked blocked;
        threads.emplace_back([this] { work(); });
    }

    const AtFork at_fork{this, [](void* self) noexcept { static_cast<Workers*>(self)->forked(); }};
};

NewJob::NewJob(const std::shared_ptr<Workers>& workers, const JobKind& kind, const RecordPtr<Record>& result)
    : job_(&Job::make(workers, kind, result)) {}

NewJob::~NewJob() {
    if (job_ != nullptr) {
        job_->free();
    }
}

void* NewJob::payload() const noexcept {
    return job_->payload;
}

Job& NewJob::submit() {
    job_->has_payload = true;
    Workers& workers = *job_->workers;
    {
        const MutexLock lock(workers.mutex);
        if (workers.closing) {
            throw std::logic_error("a job was given to a ThreadPool that is being destroyed");
        }
        workers.enqueue(*job_);
        try {
            workers.start_threads();
        } catch (...) {
            workers.dequeue(*job_);
            throw;
        }
        job_->presence.begin();
    }
    workers.changed.wake_one();
    return *std::exchange(job_, nullptr);
}

bool inside(const Workers& workers) noexcept {
    return working_for == &workers;
}

void about_to_wait() {
    if (Fiber& me = here::fiber(); me.attention != 0) {
        me.attend({.call = "ThreadPool::apply"});
    }
}

void give_up(Job& job) noexcept {
    {
        const MutexLock lock(job.workers->mutex);
        if (!job.queued) {
            return;  // it has begun: it runs on, and its result is dropped
        }
        job.workers->dequeue(job);
        job.presence.end();
    }
    job.free();
}

void fail(const RecordPtr<Record>& result, std::exception_ptr error) {
    end_record(*result.get(), Ending::error, std::move(error));
}

}  // namespace tendril::detail

namespace tendril {

using detail::Job;
using detail::Workers;

ThreadPool::ThreadPool(Size threads) : workers_(std::make_shared<Workers>(threads)) {}

ThreadPool::~ThreadPool() {
    if (detail::inside(*workers_)) {
        detail::report("a ThreadPool was destroyed by a job of its own, whose end it would wait for");
        std::abort();
    }
    Workers& workers = *workers_;
    detail::List<Job> dropped;
    {
        const detail::MutexLock lock(workers.mutex);
        workers.closing = true;
        workers.limit = 0;
        while (Job* job = workers.queue.front()) {
            workers.dequeue(*job);
            dropped.push_back(*job);
        }
        if (workers.threads.empty()) {
            workers.all_left.set();
        }
    }
    workers.changed.wake_all();
    while (Job* job = dropped.pop_front()) {
        job->drop_payload();
        job->error = std::make_exception_ptr(JobDropped());
        job->send_back();
    }
    if (!workers.all_left.is_set()) {
        try {
            const Shield shield;
            workers.all_left.wait();
        } catch (...) {  // a green thread cannot wait here: see the header
            detail::MutexLock lock(workers.mutex);
            while (!workers.threads.empty()) {
                workers.changed.wait(lock);
            }
        }
    }
    workers.join_finished();
}

ThreadPool& ThreadPool::shared() {
    static constinit detail::Once once;
    alignas(ThreadPool) static std::byte memory[sizeof(ThreadPool)];  // never destroyed
    once([] { ::new (static_cast<void*>(memory)) ThreadPool(10); });
    return *std::launder(reinterpret_cast<ThreadPool*>(memory));
}

void ThreadPool::resize(Size threads) {
    {
        const detail::MutexLock lock(workers_->mutex);
        workers_->limit = threads;
        workers_->start_threads();
    }
    workers_->changed.wake_all();
    workers_->join_finished();
}

std::size_t ThreadPool::size() const {
    const detail::MutexLock lock(workers_->mutex);
    return workers_->limit;
}

std::size_t ThreadPool::running() const {
    const detail::MutexLock lock(workers_->mutex);
    return workers_->running;
}

std::size_t ThreadPool::waiting() const {
    const detail::MutexLock lock(workers_->mutex);
    return workers_->waiting;
}

}  // namespace tendril
