// SPDX-License-Identifier: MIT
//
// How a callable gets into a worker of a ThreadPool, and its result back. Not for users.

#pragma once

#include <cstddef>
#include <exception>
#include <memory>
#include <new>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

#include <tendril/deadline.hpp>
#include <tendril/detail/hub/record.hpp>
#include <tendril/detail/hub/spawn.hpp>

namespace tendril::detail {

struct Job;
struct Workers;

// What the pool does with the memory behind a job, without knowing the types.
struct JobKind {
    std::size_t size;
    std::size_t alignment;
    void (*run)(void*);               // by a worker; afterwards there is a result, or an exception
    void (*deliver)(void*, Record&);  // moves the result into the record
    void (*destroy)(void*) noexcept;
};

template <class C, class R>
class JobPayload {
public:
    template <class F, class... A>
    explicit JobPayload(F&& f, A&&... args) : call{std::forward<F>(f), {std::forward<A>(args)...}} {}
    JobPayload(const JobPayload&) = delete;
    JobPayload& operator=(const JobPayload&) = delete;
    ~JobPayload() { destroy_call(); }

    static constexpr JobKind kind() noexcept {
        return {sizeof(JobPayload), alignof(JobPayload), &run, &deliver, &destroy};
    }

private:
    void destroy_call() noexcept {
        if (!std::exchange(called_, true)) {
            call.~C();
        }
    }
    static void run(void* memory) {
        auto& self = *static_cast<JobPayload*>(memory);
        struct Called {
            JobPayload& self;
            ~Called() { self.destroy_call(); }
        } const called{self};
        if constexpr (std::is_void_v<R>) {
            static_cast<void>(self.call());
        } else {
            self.result_.emplace(self.call());
        }
    }
    static void deliver(void* memory, Record& record) {
        if constexpr (!std::is_void_v<R>) {
            auto& self = *static_cast<JobPayload*>(memory);
            ::new (static_cast<Result<R>&>(record).memory()) R(*std::move(self.result_));
        }
    }
    static void destroy(void* memory) noexcept { static_cast<JobPayload*>(memory)->~JobPayload(); }

    union {
        C call;  // until it was called
    };
    bool called_ = false;
    std::optional<std::conditional_t<std::is_void_v<R>, std::monostate, R>> result_;
};

// Memory for a job, until it is submitted. Throws: std::bad_alloc; std::system_error when there is no stack for the
// hub's callbacks.
class NewJob {
public:
    NewJob(const std::shared_ptr<Workers>& workers, const JobKind& kind, const RecordPtr<Record>& result);
    NewJob(const NewJob&) = delete;
    NewJob& operator=(const NewJob&) = delete;
    ~NewJob();
    void* payload() const noexcept;
    Job& submit();  // its payload is there

private:
    Job* job_;
};

bool inside(const Workers& workers) noexcept;                            // does one of its threads run this?
void check_outside(const Workers& workers, const char* call);            // throws std::logic_error inside
bool join_workers(std::shared_ptr<Workers> workers, Deadline deadline);  // ThreadPool::join()
void about_to_wait();                                                    // throws what waiting would throw at once
void give_up(Job& job) noexcept;                                         // Requires: its result is not ready
void fail(const RecordPtr<Record>& result, std::exception_ptr error);    // a result that was made inline

template <class F, class... A>
using JobResult = std::remove_cv_t<ResultOf<F, A...>>;

}  // namespace tendril::detail
