// SPDX-License-Identifier: MIT
//
// How ThreadPool makes a job of a function and its arguments, waits for one, and makes jobs of the items of an input.
// Not for users.

#pragma once

#include <cstddef>
#include <exception>
#include <memory>
#include <new>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

#include <tendril/async_result.hpp>
#include <tendril/deadline.hpp>
#include <tendril/detail/hub/spawn.hpp>
#include <tendril/detail/hub/time_out.hpp>
#include <tendril/detail/pool/imap.hpp>
#include <tendril/detail/pool/job.hpp>
#include <tendril/detail/pool/map_members.hpp>
#include <tendril/error.hpp>

namespace tendril::detail {

using WorkersPtr = std::shared_ptr<Workers>;

template <class F, class... A>
constexpr void check_job() {
    static_assert(can_be_taken<F, A...>, "a job gets copies of f and args, and one can't be copied: std::move it");
}

template <class R, class F, class... A>
Job& submit_job(const WorkersPtr& workers, const AsyncResult<R>& result, F&& f, A&&... args) {
    static_assert(std::is_void_v<R> || std::is_move_constructible_v<R>, "what a job returns must be movable");
    using Payload = JobPayload<Closure<std::decay_t<F>, std::decay_t<A>...>, R>;
    static constexpr JobKind kind = Payload::kind();
    NewJob job(workers, kind, RecordAccess::of(result));
    ::new (job.payload()) Payload(std::forward<F>(f), std::forward<A>(args)...);
    return job.submit();
}

// In one of the pool's own threads.
template <class R, class F, class... A>
void run_inline(const AsyncResult<R>& result, F&& f, A&&... args) {
    Closure<std::decay_t<F>, std::decay_t<A>...> call{std::forward<F>(f), {std::forward<A>(args)...}};
    try {
        if constexpr (std::is_void_v<R>) {
            call();
            result.set();
        } else {
            result.set(call());
        }
    } catch (const Interrupt&) {
        throw;  // it is meant for the caller
    } catch (...) {
        fail(RecordAccess::of(result), std::current_exception());
    }
}

// Takes a job whose caller stops waiting out of the queue, unless it has begun.
template <class R>
struct GiveUp {
    const AsyncResult<R>& result;
    Job& job;
    ~GiveUp() {
        if (!result.ready()) {
            give_up(job);
        }
    }
};

// ThreadPool::apply().
template <class F, class... A>
JobResult<F, A...> apply_job(const WorkersPtr& workers, Deadline deadline, F&& f, A&&... args) {
    if (inside(*workers)) {
        return Closure<std::decay_t<F>, std::decay_t<A>...>{std::forward<F>(f), {std::forward<A>(args)...}}();
    }
    about_to_wait();
    using R = JobResult<F, A...>;
    AsyncResult<R> result;
    const GiveUp<R> unless_ready{result, submit_job(workers, result, std::forward<F>(f), std::forward<A>(args)...)};
    if (!result.wait(deadline)) {
        wait_timed_out("ThreadPool::apply");
    }
    return std::move(result).get();
}

// The items of an input, each to be given to an OS thread. A green thread waits for each of those under way; the Feed
// bounds their number. One copy of the function is called by several OS threads at once, hence as const.
template <class F, class Source>
class ThreadJobs final : public JobSource {
public:
    using Arguments = typename Source::Arguments;
    using R = std::decay_t<decltype(std::apply(std::declval<const F&>(), std::declval<Arguments>()))>;

    ThreadJobs(WorkersPtr workers, F f, Source source)
        : workers_(std::move(workers)), f_(std::make_shared<const F>(std::move(f))), source_(std::move(source)) {}

private:
    struct Call {
        std::shared_ptr<const F> f;
        Arguments arguments;
        R operator()() { return std::apply(*f, std::move(arguments)); }
    };

    bool fetch() override { return source_.next(arguments_); }
    AnyGreenlet spawn_job(const SpawnOptions& options) override {
        return launch<Greenlet>(options, nullptr,
                                [workers = workers_, call = Call{f_, std::move(*arguments_)}]() mutable -> R {
                                    return apply_job(workers, never, std::move(call));
                                });
    }

    const WorkersPtr workers_;
    const std::shared_ptr<const F> f_;
    Source source_;
    std::optional<Arguments> arguments_;
};

// The walk of the input, with room for twice as many jobs as the pool has threads: none has to wait for the hub.
FeedPtr start_thread_feed(std::size_t threads, std::unique_ptr<JobSource> jobs, const ImapOptions& options,
                          bool ordered);

}  // namespace tendril::detail
