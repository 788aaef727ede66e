// SPDX-License-Identifier: MIT
// Floor: amqp
//
// Pool: tendril::Pool across machines: Tasks (task.hpp) that are run by Workers (worker.hpp) wherever they are.
//
//     amqp::Pool pool(client, "pages");                               // was: tendril::Pool pool(100);
//     for (Page& page : pool.imap(fetch_page, urls)) show(page);      // the same text
//
// A task is executed at least once, and each result is seen exactly once. An exception of the function is RemoteError
// here, at its place in imap, and the rest goes on; a task that kills each worker that runs it is TaskLost. When an
// imap or its caller ends early, what has not begun is not run, and what runs is killed there, if the workers hear of
// it in time. It belongs to the OS thread of its Client.

#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <ranges>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include <tendril/amqp/client.hpp>
#include <tendril/amqp/codec.hpp>
#include <tendril/amqp/task.hpp>
#include <tendril/amqp/topology.hpp>
#include <tendril/deadline.hpp>
#include <tendril/event.hpp>
#include <tendril/notifier.hpp>
#include <tendril/pool.hpp>
#include <tendril/queue_error.hpp>

namespace tendril::amqp {

// What a task threw, in its worker.
class RemoteError : public std::runtime_error {
public:
    // type: of the exception, as C++ writes it.
    RemoteError(std::string type, const std::string& text, std::uint32_t attempts)
        : std::runtime_error(text), type_(std::move(type)), attempts_(attempts) {}

    const std::string& type() const noexcept { return type_; }     // the type of the exception, as C++ writes it
    std::uint32_t attempts() const noexcept { return attempts_; }  // how often the task was tried

private:
    std::string type_;
    std::uint32_t attempts_;
};

// The broker gave a task up: each worker that had begun it died, or no worker knows it.
class TaskLost : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

// Pools and Workers of one queue must agree on these; else the broker refuses, and PreconditionFailed names what
// differs.
struct TaskQueueOptions {
    std::uint32_t capacity = 100'000;  // over which requesters wait; 0: no bound
    std::uint32_t deliveries = 5;      // a task that was begun so often, and never ended, is TaskLost
    // After so long the broker takes a task back from its worker, and gives it to one again: for tasks whose
    // TaskOptions::limit is longer than its own 30 min. RabbitMQ knows it from 3.12 on; earlier ones have the setting
    // consumer_timeout for all queues, which must then be as long.
    std::optional<std::chrono::milliseconds> consumer_timeout = {};
};

// Options of a Pool.
struct PoolOptions {
    std::size_t window = 1000;    // tasks under way, of this Pool, and results that were not consumed
    TaskQueueOptions queue = {};  // must be the same as the Workers'
    // Each map, imap or starmap draws a bar on standard error while it lives, if that is a terminal: how many of its
    // tasks have ended, with the parts of those that run (amqp::progress()), of how many its input has, if it knows.
    bool bar = false;
};

namespace detail {

class PoolCore;
class ProgressBar;

// One task that was sent: what its RemoteTasks share.
class RemoteCall {
public:
    RemoteCall(std::shared_ptr<PoolCore> pool, std::string id);
    RemoteCall(const RemoteCall&) = delete;
    RemoteCall& operator=(const RemoteCall&) = delete;
    ~RemoteCall();

    bool ready() const noexcept { return ended_.is_set(); }
    void observe(Observer& observer) const { ended_.observe(observer); }
    const Message& get(Deadline deadline) const;
    void cancel();
    std::optional<double> progress() const noexcept { return progress_; }

private:
    friend class PoolCore;
    void end(Message reply, const std::exception_ptr& error);

    std::shared_ptr<PoolCore> pool_;
    std::string id_;
    std::optional<double> progress_;
    Message reply_;
    std::exception_ptr error_;
    mutable Event ended_;
};

// Sends a request. batch: what it is cancelled by; empty: its own id. Returns: null without `answered`.
std::shared_ptr<RemoteCall> call_remotely(const std::shared_ptr<PoolCore>& pool, std::string_view task, Message request,
                                          const std::string& batch, bool answered, Deadline deadline);

// The tasks of one imap. Cancels those that nobody waits for any more when it goes.
class RemoteBatch {
public:
    // total: how many there will be, if that is known.
    explicit RemoteBatch(std::shared_ptr<PoolCore> pool, std::optional<std::size_t> total);
    RemoteBatch(const RemoteBatch&) = delete;
    RemoteBatch& operator=(const RemoteBatch&) = delete;
    ~RemoteBatch();

    // Sends a request and waits for its result. Throws: RemoteError, TaskLost, as Pool::spawn().
    Message run(std::string_view task, Message request);

private:
    const Message& await(const RemoteCall& call);

    std::shared_ptr<PoolCore> pool_;
    std::string id_;
    bool abandoned_ = false;
    std::size_t ended_ = 0;
    std::set<const RemoteCall*> running_;
    std::unique_ptr<ProgressBar> bar_;  // null: none is to be drawn
};

// How many calls these inputs make. Nothing: they do not know.
template <class... Ranges>
std::optional<std::size_t> count_calls(Ranges&... inputs) {
    if constexpr ((std::ranges::sized_range<Ranges> && ...)) {
        return std::min({static_cast<std::size_t>(std::ranges::size(inputs))...});
    } else {
        return std::nullopt;
    }
}

// Calls of `task` as a function that waits for the result: what the local Pool of an imap runs.
template <class T>
class RemoteFunction {
public:
    RemoteFunction(const T& task, std::shared_ptr<RemoteBatch> batch) : task_(task), batch_(std::move(batch)) {}

    template <class... A>
    requires std::is_constructible_v<typename T::Arguments, A...>
    typename T::Result operator()(A&&... arguments) const {
        Message request;
        ArgumentsCodec<typename T::Arguments>::encode(typename T::Arguments(std::forward<A>(arguments)...), request);
        return decode_result<typename T::Result>(batch_->run(task_.name(), std::move(request)));
    }

private:
    T task_;
    std::shared_ptr<RemoteBatch> batch_;
};

// Closes the core at the end of its Pool.
class PoolHandle {
public:
    explicit PoolHandle(std::shared_ptr<PoolCore> core) noexcept : core_(std::move(core)) {}
    PoolHandle(const PoolHandle&) = delete;
    PoolHandle& operator=(const PoolHandle&) = delete;
    ~PoolHandle();
    const std::shared_ptr<PoolCore>& core() const noexcept { return core_; }

private:
    std::shared_ptr<PoolCore> core_;
};

std::shared_ptr<PoolCore> make_pool(Client& client, std::string_view name, const PoolOptions& options,
                                    Deadline deadline);
QueueInfo pool_backlog(PoolCore& pool, Deadline deadline);

template <class F>
constexpr void check_named() {
    static_assert(Named<std::decay_t<F>>,
                  "tendril::amqp::Pool: what runs elsewhere needs a name that its workers know: give it a Task, as in "
                  "inline constexpr amqp::Task fetch_page(\"fetch\", fetch); a lambda or a function has none");
}

template <class T, class... A>
constexpr bool check_call() {
    if constexpr (Named<T>) {
        static_assert(std::is_constructible_v<typename T::Arguments, A...>,
                      "tendril::amqp::Pool: the Task cannot be called with these arguments");
        return std::is_constructible_v<typename T::Arguments, A...>;
    } else {
        check_named<T>();
        return false;
    }
}

}  // namespace detail

// A task that was sent: a shared reference to what comes back. Dropping it changes nothing. Waitable: for wait() and
// iwait().
template <class R>
class RemoteTask {
public:
    // Waits for the result; again and again if asked. Throws: RemoteError; TaskLost; DecodeError: the worker's type is
    // another; TimeoutError, Interrupt: the task goes on; ShutDown: the Pool is gone; as Consumer::get().
    R get(Deadline deadline = never) const { return detail::decode_result<R>(call_->get(deadline)); }

    bool ready() const noexcept { return call_->ready(); }  // whether it has ended
    void observe(Observer& observer) const { call_->observe(observer); }

    // Nobody wants it: a worker that has not begun it leaves it out, one that runs it kills it. get() throws ShutDown
    // unless the result is here. Does not wait.
    void cancel() const { call_->cancel(); }

    // What the task said by amqp::progress(), from 0 to 1. Returns: nothing before that.
    std::optional<double> progress() const noexcept { return call_->progress(); }

private:
    friend class Pool;
    explicit RemoteTask(std::shared_ptr<detail::RemoteCall> call) noexcept : call_(std::move(call)) {}
    std::shared_ptr<detail::RemoteCall> call_;
};

class Pool {
public:
    // Declares what Pools and Workers of that name need (see src/amqp/work/task_message.hpp). Yields: until the broker
    // has done so. The client must outlive the Pool. Throws: as Client::declare().
    Pool(Client& client, std::string_view name, const PoolOptions& options = {}, Deadline deadline = never)
        : handle_(detail::make_pool(client, name, options, deadline)), callers_(options.window) {}

    // As tendril::Pool's: waits for its calls, or kills them when it unwinds. Then it deletes its queue of results,
    // which takes a second at most; the broker deletes it after 10 minutes in any case.
    ~Pool() = default;

    // Sends a task. Yields: until the broker has it, on disk; while the queue is full it tries again. Throws: Full at
    // the deadline; Unconfirmed; ShutDown; as Publisher::publish(); std::invalid_argument for what cannot be encoded.
    template <class T, class... A>
    auto spawn(const T& task, A&&... arguments) {
        if constexpr (detail::check_call<T, A...>()) {
            return RemoteTask<typename T::Result>(send(task, true, std::forward<A>(arguments)...));
        } else {
            return RemoteTask<void>(nullptr);
        }
    }

    // The same without a result: nobody hears how it ends.
    template <class T, class... A>
    void submit(const T& task, A&&... arguments) {
        if constexpr (detail::check_call<T, A...>()) {
            send(task, false, std::forward<A>(arguments)...);
        }
    }

    // As tendril::Pool's, with a Task: `window` of them are under way at once.
    template <class T, std::ranges::input_range... Ranges>
    auto imap(const T& task, Ranges&&... inputs) {
        detail::check_named<T>();
        if constexpr (Named<T>) {
            auto function = remote(task, detail::count_calls(inputs...));
            return callers_.imap(std::move(function), std::forward<Ranges>(inputs)...);
        } else {
            return Imap<void>(nullptr);
        }
    }
    template <class T, std::ranges::input_range... Ranges>
    auto imap_unordered(const T& task, Ranges&&... inputs) {
        detail::check_named<T>();
        if constexpr (Named<T>) {
            auto function = remote(task, detail::count_calls(inputs...));
            return callers_.imap_unordered(std::move(function), std::forward<Ranges>(inputs)...);
        } else {
            return Imap<void>(nullptr);
        }
    }
    template <class T, std::ranges::input_range Range>
    auto starmap(const T& task, Range&& input) {
        detail::check_named<T>();
        if constexpr (Named<T>) {
            auto function = remote(task, detail::count_calls(input));
            return callers_.starmap(std::move(function), std::forward<Range>(input));
        } else {
            return Imap<void>(nullptr);
        }
    }
    template <class T, std::ranges::input_range... Ranges>
    auto map(const T& task, Ranges&&... inputs) {
        detail::check_named<T>();
        if constexpr (Named<T>) {
            auto function = remote(task, detail::count_calls(inputs...));
            return callers_.map(std::move(function), std::forward<Ranges>(inputs)...);
        }
    }

    // Requests that no worker has got, and workers' consumers. For a program that starts workers. Yields: asks the
    // broker.
    QueueInfo backlog(Deadline deadline = never) { return detail::pool_backlog(*handle_.core(), deadline); }

private:
    template <class T>
    auto remote(const T& task, std::optional<std::size_t> calls) {
        return detail::RemoteFunction<T>(task, std::make_shared<detail::RemoteBatch>(handle_.core(), calls));
    }
    template <class T, class... A>
    std::shared_ptr<detail::RemoteCall> send(const T& task, bool answered, A&&... arguments) {
        using Arguments = typename T::Arguments;
        Message request;
        detail::ArgumentsCodec<Arguments>::encode(Arguments(std::forward<A>(arguments)...), request);
        return detail::call_remotely(handle_.core(), task.name(), std::move(request), "", answered, never);
    }

    detail::PoolHandle handle_;
    tendril::Pool callers_;  // a green thread for each call of an imap; ends before handle_
};

}  // namespace tendril::amqp
