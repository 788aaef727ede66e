// SPDX-License-Identifier: MIT

#include <tendril/pile.hpp>

#include <cstdlib>

#include <tendril/shield.hpp>

#include "base/report.hpp"
#include "hub/here.hpp"

namespace tendril::detail {

PileCore::PileCore(Crew& crew, std::size_t window) : crew_(crew), room_(window) {
    if (window == 0) {
        throw std::invalid_argument("a Pile with a window of 0 could never spawn; leave it out for no bound");
    }
    crew_.use();
}

PileCore::~PileCore() {
    crew_.unuse();
}

PileCore::Spawning::Going::~Going() {
    --core.spawning_;
    core.consumers_.wake_all(Outcome::signalled);
}

PileCore::Spawning::Spawning(PileCore& core) : going_((core.consumers_.check_thread(), core)) {
    core.room_.acquire();
}

PileCore::Spawning::~Spawning() {
    if (!place_.empty()) {
        going_.core.room_.release();
    }
}

void PileCore::Spawning::done(AnyGreenlet job) noexcept {
    place_.front() = std::move(job);
    going_.core.jobs_.splice(going_.core.jobs_.end(), place_);
}

AnyGreenlet PileCore::next() {
    consumers_.check_thread();
    for (;;) {
        if (!jobs_.empty() && jobs_.front().ready()) {
            AnyGreenlet first = std::move(jobs_.front());
            jobs_.pop_front();
            room_.release();
            return first;
        }
        if (jobs_.empty() && spawning_ == 0) {
            return {};
        }
        const Crew::Loan loan(crew_);
        if (jobs_.empty()) {
            consumers_.wait("the next result of a Pile", nullptr, never);
        } else {
            AnyGreenlet(jobs_.front()).join();
        }
    }
}

void PileCore::close(bool kill_them) noexcept {
    if (spawning_ == 0 && jobs_.empty()) {
        return;
    }
    try {
        consumers_.check_thread();
        if (!here::has_hub()) {
            return;  // the hub has ended, and all jobs with it
        }
        if (spawning_ != 0 || consumers_.any()) {
            report("a Pile was destroyed while a green thread waited to spawn into it, or for its next result; let it "
                   "outlive them");
            std::abort();
        }
        const Shield shield;
        if (kill_them) {
            kill_all(jobs_);
        }
        join_all(jobs_);
    } catch (...) {
        report("a Pile was destroyed, and could not wait for the ends of its jobs", std::current_exception());
        std::abort();
    }
}

}  // namespace tendril::detail
