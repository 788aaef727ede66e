// SPDX-License-Identifier: MIT

#include "pool/workers.hpp"

#include <cstdlib>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <utility>

#include <tendril/shield.hpp>
#include <tendril/thread_pool.hpp>

#include "base/on_exit.hpp"
#include "base/report.hpp"
#include "base/signals_blocked.hpp"
#include "base/spin.hpp"
#include "pool/shield_if_hub.hpp"

namespace tendril::detail {

namespace {

constinit thread_local const Workers* working_for = nullptr;

}  // namespace

bool inside(const Workers& workers) noexcept {
    return working_for == &workers;
}

void check_outside(const Workers& workers, const char* call) {
    if (inside(workers)) {
        throw std::logic_error("a job of a ThreadPool calls its " + std::string(call) +
                               "(), which would wait for the job itself; call it outside, or kill_nowait()");
    }
}

// A copy: the pool may be destroyed meanwhile.
bool join_workers(std::shared_ptr<Workers> workers, Deadline deadline) {  // NOLINT(performance-unnecessary-value-param)
    check_outside(*workers, "join");
    return workers->join(deadline);
}

// Jobs.

void Workers::submit(Job& job) {
    bool wakes = false;
    {
        const SharedLock lock(mutex_);
        if (round_ == closing) {
            throw std::logic_error("a job was given to a ThreadPool that is being destroyed");
        }
        queue_.push_back(job);
        job.queued = true;
        ++waiting_;
        try {
            start_threads();
        } catch (...) {
            dequeue(job);
            throw;
        }
        job.presence.begin();
        jobs_wait_.store(true, std::memory_order_relaxed);
        wakes = must_wake_one();
    }
    if (wakes) {
        changed_.wake_one();
    }
}

// Requires: the caller wakes one if it is told so.
bool Workers::must_wake_one() noexcept {
    if (sleepers_ == 0 || waking_ || spins_ || queue_.empty()) {
        return false;
    }
    woken_ns_ = Deadline::now_ns();
    return waking_ = true;
}

void Workers::dequeue(Job& job) noexcept {
    job.ListNode::unlink();
    job.queued = false;
    --waiting_;
    if (queue_.empty()) {
        jobs_wait_.store(false, std::memory_order_relaxed);
    }
}

bool Workers::take_out(Job& job) noexcept {
    const SharedLock lock(mutex_);
    if (!job.queued) {
        return false;
    }
    dequeue(job);
    job.presence.end();
    tell_joiners();
    return true;
}

std::size_t Workers::drop_queue() noexcept {
    List<Job> dropped;
    std::size_t count = 0;
    {
        const SharedLock lock(mutex_);
        if (round_ != closing) {
            ++round_;
        }
        for (; Job* job = queue_.front(); ++count) {
            dequeue(*job);
            dropped.push_back(*job);
        }
        returning_ += count;
    }
    changed_.wake_all();
    const ShieldIfHub shield;  // the destructors of what the jobs own may wait
    while (Job* job = dropped.pop_front()) {
        job->drop_payload();
        job->error = std::make_exception_ptr(JobDropped());
        if (Bell bell; !job->send_back(bell)) {
            job->free_without_hub();
        }
    }
    const SharedLock lock(mutex_);
    returning_ -= count;
    tell_joiners();
    return count;
}

void Workers::tell_joiners() noexcept {
    if (idle()) {
        joiners_.wake_all(Outcome::signalled);
    }
}

namespace {

// Waits until the results that lie in this hub's mailbox have been delivered: a letter of our own, and then a callback,
// come after theirs.
class MailDelivered {
public:
    MailDelivered() { here::prepare_to_post(); }
    MailDelivered(const MailDelivered&) = delete;
    MailDelivered& operator=(const MailDelivered&) = delete;
    ~MailDelivered() {
        here::mailbox()->withdraw(note_);
        mark_.unlink();
    }
    void wait() {
        here::mailbox()->send(note_);
        done_.wait();
    }

private:
    struct Mark final : HubCallback {
        SharedEvent& done;
        explicit Mark(SharedEvent& d) noexcept : done(d) {}
        void run() noexcept override { done.set(); }
    };
    struct Note final : Letter {
        Mark& mark;
        explicit Note(Mark& m) noexcept
            : Letter([](Letter& letter, bool hub_lives) noexcept {
                  if (hub_lives) {
                      here::post(static_cast<Note&>(letter).mark);
                  }
              }),
              mark(m) {}
    };
    SharedEvent done_;
    Mark mark_{done_};
    Note note_{mark_};
};

}  // namespace

bool Workers::join(Deadline deadline) {
    {
        SharedLock lock(mutex_);
        if (!idle() && joiners_.wait(lock, "ThreadPool::join", nullptr, deadline) != Outcome::signalled) {
            return false;
        }
    }
    MailDelivered().wait();
    return true;
}

WorkerCounts Workers::counts() const {
    const SharedLock lock(mutex_);
    return {limit_, threads_, running_, waiting_};
}

// Threads.

// Starts threads for the jobs that wait. Throws: std::system_error if there is no thread at all.
void Workers::start_threads() {
    while (threads_ < limit_ && waiting_ > threads_ - running_) {
        try {
            start_thread();
        } catch (...) {
            if (threads_ == 0) {
                throw;
            }
            return;  // the existing threads will run the jobs
        }
    }
}

void Workers::start_thread() {
    auto worker = std::make_unique<Worker>();
    worker->round = round_;
    const SignalsBlocked blocked;
    worker->thread = PlainThread([this, me = worker.get()] { work(*me); });  // waits for the lock
    static_cast<void>(worker.release());
    ++threads_;
}

void Workers::resize(std::size_t threads) {
    List<Worker> ended;
    {
        const SharedLock lock(mutex_);
        limit_ = threads;
        start_threads();
        if (!inside(*this)) {
            take_finished(ended);
        }
    }
    changed_.wake_all();
    join_all(ended);
}

void Workers::prestart(std::size_t threads) {
    const SharedLock lock(mutex_);
    while (threads_ < limit_ && threads_ < threads && round_ != closing) {
        start_thread();
    }
}

void Workers::set_idle_timeout(Duration timeout) noexcept {
    {
        const SharedLock lock(mutex_);
        idle_ = timeout;
    }
    changed_.wake_all();
}

void Workers::work(Worker& me) noexcept {
    working_for = this;
    SharedLock lock(mutex_);
    while (threads_ <= limit_) {
        if (Job* job = queue_.front(); job != nullptr) {
            if (!run(*job, lock)) {
                return;
            }
        } else if (!await_job(me, lock)) {
            break;
        }
    }
    leave(me, lock);
}

// Returns: false in the child of a fork() that the job made: the other OS threads and the counts are the parent's, and
// the child ends with this one. Unlocked then.
TENDRIL_NOT_ANALYZED bool Workers::run(Job& job, SharedLock& lock) noexcept {
    const std::uint64_t generation = fork_generation();
    dequeue(job);
    ++running_;
    const bool wakes = must_wake_one();
    lock.unlock();
    if (wakes) {
        changed_.wake_one();
    }
    try {
        inherited_here() = job.inherited;
        const OnExit cleared([] { inherited_here() = nullptr; });  // also of what the job has set
        job.kind.run(job.payload);
    } catch (...) {
        job.error = std::current_exception();
    }
    if (generation != fork_generation()) [[unlikely]] {
        if (job.error != nullptr) {
            report("a job of a ThreadPool that went on in the child of a fork()", job.error);
        }
        return false;  // with the job, whose result belongs to an OS thread that is gone
    }
    lock.lock();
    --running_;
    if (!job.send_back(mutex_.bell())) {
        ++returning_;
        lock.unlock();
        job.free_without_hub();
        lock.lock();
        --returning_;
    }
    tell_joiners();
    return true;
}

// Returns: false if this thread is to end, and no job waits.
TENDRIL_NOT_ANALYZED bool Workers::await_job(const Worker& me, SharedLock& lock) noexcept {
    const std::int64_t since = Deadline::now_ns();
    if (patience_.spins() && !spins_) {
        spin(lock, since);
    }
    while (queue_.empty() && threads_ <= limit_) {
        if (me.round != round_) {
            return false;
        }
        if (idle_.is_forever()) {
            sleep(lock, since, std::chrono::nanoseconds(-1));
        } else if (const std::int64_t left = Deadline::after(since, idle_).ns() - Deadline::now_ns(); left > 0) {
            sleep(lock, since, std::chrono::nanoseconds(left));
        } else {
            return false;
        }
    }
    return true;
}

TENDRIL_NOT_ANALYZED void Workers::spin(SharedLock& lock, std::int64_t since_ns) noexcept {
    spins_ = true;
    lock.unlock();
    std::int64_t spun = 0;
    do {
        for (int i = 0; i < 16 && !jobs_wait_.load(std::memory_order_relaxed); ++i) {
            spin_once();
        }
        spun = Deadline::now_ns() - since_ns;
    } while (!jobs_wait_.load(std::memory_order_relaxed) && spun < Patience::longest_ns);
    lock.lock();
    spins_ = false;
    patience_.spun(spun, !queue_.empty());
}

// One that is not woken by a submit() may clear `waking_`, too: then another one is woken, in vain.
TENDRIL_NOT_ANALYZED void Workers::sleep(SharedLock& lock, std::int64_t since_ns,
                                         std::chrono::nanoseconds timeout) noexcept {
    ++sleepers_;
    changed_.wait(lock, timeout);
    --sleepers_;
    if (std::exchange(waking_, false)) {
        patience_.slept(woken_ns_ >= since_ns ? woken_ns_ - since_ns : INT64_MAX);
    }
}

// The last that a thread does. Once all have left, the pool may be destroyed as soon as they are joined.
TENDRIL_NOT_ANALYZED void Workers::leave(Worker& me, SharedLock& lock) noexcept {
    List<Worker> before;
    take_finished(before);
    finished_.push_back(me);
    if (--threads_ == 0 && round_ == closing) {
        all_left_.set();
        changed_.wake_all();
    }
    const bool wakes = must_wake_one();
    lock.unlock();
    if (wakes) {
        changed_.wake_one();
    }
    join_all(before);
}

void Workers::take_finished(List<Worker>& into) noexcept {
    while (Worker* one = finished_.pop_front()) {
        into.push_back(*one);
    }
}

// They end at once, except that their own hubs may have work left.
void Workers::join_all(List<Worker>& ended) noexcept {
    while (Worker* one = ended.pop_front()) {
        const std::unique_ptr<Worker> owned(one);
        owned->thread.join();
    }
}

void Workers::close() {
    {
        const SharedLock lock(mutex_);
        round_ = closing;
        limit_ = 0;
        if (threads_ == 0) {
            all_left_.set();
        }
    }
    drop_queue();
    if (!all_left_.is_set()) {
        try {
            const Shield shield;
            all_left_.wait();
        } catch (...) {  // a green thread cannot wait here: see the header
            SharedLock lock(mutex_);
            while (threads_ != 0) {
                changed_.wait(lock);
            }
        }
    }
    List<Worker> ended;
    {
        const SharedLock lock(mutex_);
        take_finished(ended);
    }
    join_all(ended);
}

// Abandons the threads, which are gone with their jobs and cannot be joined.
TENDRIL_NOT_ANALYZED void Workers::forked() noexcept {
    while (finished_.pop_front() != nullptr) {
    }
    while (queue_.pop_front() != nullptr) {
    }
    threads_ = running_ = waiting_ = returning_ = sleepers_ = 0;
    waking_ = spins_ = false;
    jobs_wait_ = false;
}

}  // namespace tendril::detail
