// SPDX-License-Identifier: MIT

#include "pool/job.hpp"

#include "base/fork_gate.hpp"
#include "base/report.hpp"
#include "pool/workers.hpp"

namespace tendril::detail {

Job& Job::make(const std::shared_ptr<Workers>& workers, const JobKind& kind, const RecordPtr<Record>& record) {
    here::prepare_to_post();
    void* memory = ::operator new(offset(kind) + kind.size, alignment(kind));
    auto* job = ::new (memory) Job(workers, kind, record);
    job->payload = static_cast<std::byte*>(memory) + offset(kind);
    return *job;
}

void Job::free() noexcept {
    drop_payload();
    const std::align_val_t aligned = alignment(kind);
    this->~Job();
    ::operator delete(this, aligned);
}

bool Job::send_back(Bell& bell) noexcept {
    const std::shared_ptr<Mailbox> to = mailbox;  // the hub may free the job at once
    return to->send(letter, bell);
}

void Job::free_without_hub() noexcept {
    if (error != nullptr) {
        report("a job of a ThreadPool, whose hub has ended", error);
    }
    free();
}

void Job::arrived(Letter& letter, bool hub_lives) noexcept {
    Job& job = static_cast<Return&>(letter).job;
    if (hub_lives) {
        here::post(job.delivery);  // not here: moving the result runs the user's code
    } else {
        job.free_without_hub();
    }
}

void Job::deliver() noexcept {
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

void Job::hub_gone(Expectation& expectation, HubGone how) noexcept {
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
    job_->workers->submit(*job_);
    return *std::exchange(job_, nullptr);
}

void about_to_wait() {
    if (Fiber& me = here::fiber(); me.attention != 0) {
        me.attend({.call = "ThreadPool::apply"});
    }
}

void give_up(Job& job) noexcept {
    if (job.workers->take_out(job)) {
        job.free();
    }  // otherwise it has begun: it runs on, and its result is dropped
}

void fail(const RecordPtr<Record>& result, std::exception_ptr error) {
    end_record(*result.get(), Ending::error, std::move(error));
}

}  // namespace tendril::detail
