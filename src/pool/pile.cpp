// SPDX-License-Identifier: MIT

#include <tendril/pile.hpp>

#include <cstdlib>
#include <stdexcept>

#include <tendril/detail/sync/wait_queue.hpp>
#include <tendril/pool.hpp>
#include <tendril/semaphore.hpp>
#include <tendril/shield.hpp>

#include "base/on_exit.hpp"
#include "base/report.hpp"
#include "hub/here.hpp"
#include "pool/crew.hpp"

namespace tendril::detail {

class PileCore {
public:
    PileCore(std::unique_ptr<Pool> own, Pool& pool, const PileOptions& options)
        : own_(std::move(own)), pool_(pool), crew_(CrewAccess::of(pool)), room_(options.window),
          open_(options.keep_open) {
        if (options.window == std::size_t{0}) {
            throw std::invalid_argument("a Pile with a window of 0 could never spawn; leave it out for no bound");
        }
        crew_.use();
    }
    PileCore(const PileCore&) = delete;
    PileCore& operator=(const PileCore&) = delete;
    ~PileCore() { crew_.unuse(); }

    AnyGreenlet next();
    std::size_t size() const noexcept { return jobs_.size() + spawning_; }
    void done_spawning();
    void close() noexcept;

private:
    friend class PileEntry;
    void check_spawning() const;
    const std::unique_ptr<Pool> own_;  // nullptr: the user's
    Pool& pool_;
    Crew& crew_;
    Semaphore room_;
    bool open_;  // next() waits for more
    bool done_ = false;
    std::size_t spawning_ = 0;
    std::size_t asking_ = 0;       // green threads in next()
    std::list<AnyGreenlet> jobs_;  // in the order of spawning
    const int exceptions_ = std::uncaught_exceptions();
    WaitQueue consumers_{"a Pile"};
};

PilePtr make_pile(Size size, const PileOptions& options) {
    auto own = std::make_unique<Pool>(size);
    Pool& pool = *own;
    return PilePtr(new PileCore(std::move(own), pool, options));
}

PilePtr make_pile(Pool& pool, const PileOptions& options) {
    return PilePtr(new PileCore(nullptr, pool, options));
}

void EndPile::operator()(PileCore* core) const noexcept {
    const std::unique_ptr<PileCore> owned(core);
    owned->close();
}

AnyGreenlet next_job(PileCore& core) {
    return core.next();
}

std::size_t jobs(const PileCore& core) noexcept {
    return core.size();
}

PileEntry::Going::Going(PileCore& c) noexcept : core(c) {
    ++core.spawning_;
}

PileEntry::Going::~Going() {
    --core.spawning_;
    core.consumers_.wake_all(Outcome::signalled);
}

PileEntry::PileEntry(PileCore& core) : going_((core.check_spawning(), core)) {
    core.room_.acquire();
}

PileEntry::~PileEntry() {
    if (!place_.empty()) {
        going_.core.room_.release();
    }
}

GroupFace& PileEntry::pool() const noexcept {
    return going_.core.pool_;
}

void PileEntry::done(AnyGreenlet job) noexcept {
    place_.front() = std::move(job);
    going_.core.jobs_.splice(going_.core.jobs_.end(), place_);
}

void done_spawning(PileCore& core) {
    core.done_spawning();
}

void PileCore::check_spawning() const {
    consumers_.check_thread();
    if (done_) {
        throw std::logic_error("spawn() into a Pile after its done_spawning(): make another Pile for more jobs");
    }
}

void PileCore::done_spawning() {
    consumers_.check_thread();
    open_ = false;
    done_ = true;
    consumers_.wake_all(Outcome::signalled);
}

AnyGreenlet PileCore::next() {
    consumers_.check_thread();
    ++asking_;
    const OnExit left([this] { --asking_; });
    for (;;) {
        if (!jobs_.empty() && jobs_.front().ready()) {
            AnyGreenlet first = std::move(jobs_.front());
            jobs_.pop_front();
            room_.release();
            return first;
        }
        if (jobs_.empty() && spawning_ == 0 && !open_) {
            return {};
        }
        const Crew::Loan loan(crew_);
        if (jobs_.empty()) {
            consumers_.wait("Pile::next", nullptr, never);
        } else {
            AnyGreenlet(jobs_.front()).join();
        }
    }
}

void PileCore::close() noexcept {
    if (spawning_ == 0 && jobs_.empty() && asking_ == 0) {
        return;
    }
    try {
        consumers_.check_thread();
        if (!here::has_hub()) {
            return;  // the hub has ended, and all jobs with it
        }
        const Shield shield;
        if (asking_ != 0 && !consumers_.any()) {
            here::yield();  // one that was woken or killed leaves
        }
        if (spawning_ != 0 || asking_ != 0) {
            report("a Pile was destroyed while a green thread waited to spawn into it, or for its next result; let it "
                   "outlive them");
            std::abort();
        }
        if (std::uncaught_exceptions() > exceptions_) {
            kill_all(jobs_);
        }
        join_all(jobs_);
    } catch (...) {
        report("a Pile was destroyed, and could not wait for the ends of its jobs", std::current_exception());
        std::abort();
    }
}

}  // namespace tendril::detail
