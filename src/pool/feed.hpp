// SPDX-License-Identifier: MIT
//
// Feed: the base of imap. A green thread of its own, the feeder, walks the input and makes each item a job in a crew;
// it stays at most a window ahead of the consumer. Not for users.
//
// A job is in `line_` from its spawn until the consumer takes it; in an unordered Feed it moves to `done_` when it
// ends. The feeder and the jobs refer to the Feed: close() ends them all before the Feed is destroyed. An error from
// walking the input ends the feeder, whose result carries it to the consumer.

#pragma once

#include <cstddef>
#include <memory>

#include <tendril/detail/base/list.hpp>
#include <tendril/detail/pool/imap.hpp>
#include <tendril/detail/sync/wait_queue.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/pool.hpp>
#include <tendril/semaphore.hpp>

#include "pool/crew.hpp"

namespace tendril::detail {

struct FeedJob;
struct FeedNode : ListNode {};

class Feed {
public:
    // own: the crew's Pool, if this Feed is its only user.
    Feed(Crew& crew, std::unique_ptr<JobSource> jobs, std::size_t window, bool ordered,
         std::unique_ptr<Pool> own = nullptr);
    Feed(const Feed&) = delete;
    Feed& operator=(const Feed&) = delete;
    ~Feed();  // after close()

    void start(const SpawnOptions& options);
    void close() noexcept;  // kills the feeder and the jobs that are left, and waits for their ends

    // Waits for the next job. Returns: it, ended; an empty handle at the end of the input.
    // Throws: what walking the input threw, once, after all jobs; Interrupt.
    AnyGreenlet next();

private:
    friend struct FeedJob;
    void walk();
    void make_job();
    void job_ended(FeedJob& job) noexcept;
    FeedJob* first_ended() noexcept;
    void end_jobs();
    void free_jobs() noexcept;

    const std::unique_ptr<Pool> own_;
    Crew& crew_;
    std::unique_ptr<JobSource> jobs_;
    bool ordered_;
    Semaphore room_;  // in the window
    SpawnOptions options_;
    Greenlet<void> feeder_;
    std::size_t asking_ = 0;  // green threads in next()
    bool input_ended_ = false;
    bool end_told_ = false;  // the consumer has been told how the input ended
    bool closing_ = false;
    List<FeedNode> line_;
    List<FeedNode> done_;
    WaitQueue consumers_{"an imap"};
};

}  // namespace tendril::detail
