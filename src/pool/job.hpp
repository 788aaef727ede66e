// SPDX-License-Identifier: MIT
//
// Job: the way of a call to a worker of a ThreadPool and back. Not for users.
//
// Made in its caller's hub, queued, run by a worker, sent back as a letter, delivered in that hub's callback green
// thread, freed there. One OS thread owns it at any time; hand-overs go through the pool's mutex (hub to worker) and
// the mailbox (worker to hub). When its hub has ended, the worker frees it.

#pragma once

#include <algorithm>
#include <cstddef>
#include <exception>
#include <memory>
#include <new>
#include <utility>

#include <tendril/detail/base/list.hpp>
#include <tendril/detail/hub/inherited.hpp>
#include <tendril/detail/pool/job.hpp>

#include "hub/here.hpp"
#include "hub/mailbox.hpp"
#include "hub/waiter.hpp"

namespace tendril::detail {

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

    static Job& make(const std::shared_ptr<Workers>& workers, const JobKind& kind, const RecordPtr<Record>& record);
    void drop_payload() noexcept {
        if (std::exchange(has_payload, false)) {
            kind.destroy(payload);
        }
    }
    void free() noexcept;

    // Called by a worker, or by the OS thread that drops the job, as the last that it does with it. Returns: false if
    // its hub has ended: the caller must free it, without locks, which runs destructors of the user's.
    bool send_back(Bell& bell) noexcept;
    void free_without_hub() noexcept;

private:
    static void arrived(Letter& letter, bool hub_lives) noexcept;
    void deliver() noexcept;

    // The worker may still use the job, so only the hub's part is released here. The handles that are left see it as
    // killed. In the child of a fork() there is no worker: a result that is not yet delivered never will be.
    static void hub_gone(Expectation& expectation, HubGone how) noexcept;
};

}  // namespace tendril::detail
