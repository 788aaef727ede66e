// SPDX-License-Identifier: MIT

#include "pool/feed.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <stdexcept>
#include <utility>

#include <tendril/detail/pool/thread_jobs.hpp>
#include <tendril/error.hpp>
#include <tendril/shield.hpp>

#include "base/on_exit.hpp"
#include "base/report.hpp"
#include "hub/here.hpp"
#include "hub/waiter.hpp"

namespace tendril::detail {

struct FeedJob final : FeedNode, Observer {
    Feed& feed;
    AnyGreenlet greenlet;

    explicit FeedJob(Feed& f) noexcept
        : Observer([](Observer& self) noexcept {
              auto& job = static_cast<FeedJob&>(self);
              job.feed.job_ended(job);
          }),
          feed(f) {}

    struct Free {
        void operator()(FeedJob* job) const noexcept {
            job->~FeedJob();
            free_record(job, sizeof(FeedJob));
        }
    };
};

namespace {

using FeedJobPtr = std::unique_ptr<FeedJob, FeedJob::Free>;

}  // namespace

Feed::Feed(Crew& crew, std::unique_ptr<JobSource> jobs, std::size_t window, bool ordered, std::unique_ptr<Pool> own)
    : own_(std::move(own)), crew_(crew), jobs_(std::move(jobs)), ordered_(ordered), room_(window) {
    consumers_.check_thread();  // binds it to this OS thread
    crew_.use();
}

Feed::~Feed() {
    jobs_.reset();
    free_jobs();
    crew_.unuse();
}

void Feed::start(const SpawnOptions& options) {
    here::refuse_in_callback();  // no call could wait there for the results, nor for the end
    options_ = options;
    options_.name = {};  // the text that it views may be gone when jobs are made
    feeder_ = spawn({.name = "imap", .where = options.where}, [this] { walk(); });
}

// The feeder's life.
void Feed::walk() {
    const OnExit ended([this] {
        input_ended_ = true;
        consumers_.wake_all(Outcome::signalled);
    });
    for (;;) {
        room_.acquire();
        if (!jobs_->fetch() || closing_) {  // fetch() may have caught the kill
            return;
        }
        make_job();
    }
}

void Feed::make_job() {
    CrewPlace place = crew_.enter(never, false);
    FeedJobPtr job(::new (allocate_record(sizeof(FeedJob))) FeedJob(*this));
    job->greenlet = jobs_->spawn_job(options_);
    crew_.admit(place,
                job->greenlet);  // before the next line, so that its slot is free when the consumer learns of its end
    observe_end(RecordAccess::of(job->greenlet), *job);
    line_.push_back(*job.release());
}

void Feed::job_ended(FeedJob& job) noexcept {
    if (!ordered_) {
        job.FeedNode::unlink();
        done_.push_back(job);
    } else if (line_.front() != &job) {
        return;  // not its turn yet
    }
    consumers_.wake_all(Outcome::signalled);
}

FeedJob* Feed::first_ended() noexcept {
    auto* first = static_cast<FeedJob*>(ordered_ ? line_.front() : done_.front());
    return first != nullptr && first->greenlet.ready() ? first : nullptr;
}

AnyGreenlet Feed::next() {
    consumers_.check_thread();
    ++asking_;
    const OnExit left([this] { --asking_; });
    for (;;) {
        if (FeedJob* first = first_ended(); first != nullptr) {
            const FeedJobPtr job(first);
            room_.release();
            return std::move(job->greenlet);
        }
        if (input_ended_ && line_.empty() && done_.empty()) {
            feeder_.join();  // it is about to end
            if (!std::exchange(end_told_, true)) {
                feeder_.get();
            }
            return {};
        }
        const Crew::Loan loan(crew_);
        consumers_.wait("Imap::next", nullptr, never);
    }
}

void Feed::end_jobs() {
    const Shield shield;
    closing_ = true;
    feeder_.kill_nowait();
    feeder_.join();
    line_.for_each([](const FeedNode& job) { static_cast<const FeedJob&>(job).greenlet.kill_nowait(); });
    while (FeedNode* node = line_.front()) {
        static_cast<FeedJob*>(node)->greenlet.join();  // if unordered, this moves it to done_
        FeedJobPtr(static_cast<FeedJob*>(node)).reset();
    }
    free_jobs();  // under the Shield: results may have destructors that wait
}

void Feed::free_jobs() noexcept {
    for (List<FeedNode>* list : {&line_, &done_}) {
        while (FeedNode* node = list->front()) {
            FeedJobPtr(static_cast<FeedJob*>(node)).reset();
        }
    }
}

void Feed::close() noexcept {
    try {
        consumers_.check_thread();
        if (!here::has_hub()) {
            return;  // the hub has ended, and all jobs with it
        }
        if (asking_ != 0 && !consumers_.any()) {
            const Shield shield;
            here::yield();  // one that was woken or killed leaves
        }
        if (asking_ != 0) {
            report("an imap was destroyed while a green thread waited for its next result; let it outlive them");
            std::abort();
        }
        end_jobs();
    } catch (...) {
        report("an imap was destroyed, and could not wait for the ends of its jobs", std::current_exception());
        std::abort();
    }
}

void EndFeed::operator()(Feed* feed) const noexcept {
    const std::unique_ptr<Feed> owned(feed);
    owned->close();
}

AnyGreenlet next_job(Feed* feed) {
    if (feed == nullptr) {
        throw std::logic_error("this imap was moved from");
    }
    return feed->next();
}

FeedPtr GroupFace::start_feed(std::unique_ptr<JobSource> jobs, const ImapOptions& options, bool ordered) {
    const std::size_t given = options.window;
    const std::size_t slots = crew().slots();
    const std::size_t window = given != 0 ? given : slots != 0 ? slots : 1;
    auto made = std::make_unique<Feed>(crew(), std::move(jobs), window, ordered);
    made->start({.stack_size = options.stack_size, .where = options.where});
    return FeedPtr(made.release());
}

FeedPtr start_thread_feed(std::size_t threads, std::unique_ptr<JobSource> jobs, const ImapOptions& options,
                          bool ordered) {
    const std::size_t slots = std::clamp<std::size_t>(threads, 1, SIZE_MAX / 2) * 2;
    const std::size_t given = options.window;
    auto own = std::make_unique<Pool>(slots);
    Crew& crew = CrewAccess::of(*own);
    auto made = std::make_unique<Feed>(crew, std::move(jobs), given != 0 ? given : slots, ordered, std::move(own));
    made->start({.stack_size = options.stack_size, .where = options.where});
    return FeedPtr(made.release());
}

}  // namespace tendril::detail
