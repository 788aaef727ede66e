// SPDX-License-Identifier: MIT

#include "amqp/work/worker_core.hpp"

#include <algorithm>
#include <chrono>
#include <exception>
#include <stdexcept>
#include <typeinfo>
#include <utility>

#include <tendril/group.hpp>
#include <tendril/queue_error.hpp>
#include <tendril/shield.hpp>
#include <tendril/timeout.hpp>

#include "amqp/work/task_context.hpp"
#include "base/symbol.hpp"

namespace tendril::amqp::detail {

namespace {

using namespace std::chrono_literals;

// A task that the broker takes back while it runs is run again, until the broker gives it up.
void check_limit(const AnyTask& task, const TaskQueueOptions& queue) {
    const Duration taken_back(queue.consumer_timeout.value_or(30min));
    if (!task.options().at_most_once && task.options().limit >= taken_back) {
        throw std::invalid_argument(
            "amqp::Worker: the limit of the task '" + task.name() +
            "' is not below the time after which the broker takes it back, 30 min unless it is told otherwise; give a "
            "longer one to Pools and Workers, TaskQueueOptions::consumer_timeout, or a shorter limit to the task");
    }
}

void check(const std::vector<AnyTask>& tasks, const WorkerOptions& options) {
    if (tasks.empty() || options.concurrency == 0) {
        throw std::invalid_argument("amqp::Worker: it needs a task, and a concurrency of at least 1");
    }
    for (auto task = tasks.begin(); task != tasks.end(); ++task) {
        if (std::any_of(tasks.begin(), task, [&](const AnyTask& other) { return other.name() == task->name(); })) {
            throw std::invalid_argument("amqp::Worker: two tasks have the name '" + task->name() + "'");
        }
        check_limit(*task, options.queue);
    }
}

}  // namespace

WorkerCore::WorkerCore(Client& client, std::string_view name, std::vector<AnyTask> tasks, const WorkerOptions& options)
    : client_(client), name_(name), cancel_queue_(cancel_exchange(name_) + "." + random_id()), tasks_(std::move(tasks)),
      options_(options), runs_(options.concurrency) {
    check(tasks_, options_);
}

void WorkerCore::declare() {
    Topology topology = task_topology(name_, options_.queue);
    topology.queues.push_back({cancel_queue_, {.expires = 1min}});
    topology.bindings.push_back({cancel_queue_, cancel_exchange(name_)});
    client_.declare(std::move(topology));
}

void WorkerCore::run() {
    declare();
    publisher_.emplace(client_.publisher("", {.window = std::size_t{options_.concurrency} * 2}));
    progress_.emplace(client_.publisher("", {.confirm = false, .mandatory = false, .persistent = false}));
    Group helpers;
    helpers.spawn({.name = "amqp::Worker, lost tasks", .daemon = true}, [this] { answer_lost(); });
    helpers.spawn({.name = "amqp::Worker, cancels", .daemon = true}, [this] { hear_cancels(); });
    if (options_.on_blocked) {
        helpers.spawn({.name = "amqp::Worker, blocks", .daemon = true}, [this] { watch_blocks(); });
    }
    if (!stopped_ && !options_.once) {
        requests_.emplace(client_.consumer(name_, {.prefetch = options_.concurrency}));
    }
    try {
        if (options_.once) {
            work_off();
        } else {
            take_requests();
        }
    } catch (...) {
        if (!stopped_) {
            stop();
        }
        drain();
        throw;
    }
    drain();
    helpers.kill();
    client_.remove_queue(cancel_queue_, 1s);
}

void WorkerCore::take_requests() {
    try {
        while (!stopped_) {
            runs_.spawn_n([this, delivery = requests_->get()]() mutable { handle(delivery); });
        }
    } catch (const ShutDown&) {  // stop()
    }
}

// Asks for each request rather than consumes: the answer says for sure whether there is one.
void WorkerCore::work_off() {
    constexpr std::size_t most = 1000;  // each has a channel until it is settled, of which a connection has some 2000
    while (!stopped_) {
        changed_.clear();
        const bool alone = busy_ == 0;
        std::optional<Delivery> request;
        if (busy_ < std::min<std::size_t>(options_.concurrency, most)) {
            try {
                request = client_.get(name_, 1s);
            } catch (const TimeoutError&) {  // the broker is away; stop() may have been called
                continue;
            }
        }
        if (request && !stopped_) {
            runs_.spawn_n(
                [asked = Asked(*this, *std::move(request))]() mutable { asked.core->handle(asked.delivery); });
        } else if (alone) {
            return;
        } else {
            changed_.wait();
        }
    }
}

void WorkerCore::stop() {
    changed_.set();
    if (std::exchange(stopped_, true)) {
        runs_.kill_nowait();
    } else if (requests_) {
        try {
            requests_->close(0ns);  // what nobody has begun goes back now
        } catch (const TimeoutError&) {
        }
    }
}

void WorkerCore::drain() {
    struct KillRest {
        tendril::Pool& runs;
        ~KillRest() {
            const Shield shield;
            runs.kill();
        }
    };
    const KillRest kill_rest{runs_};  // also when this wait is interrupted
    static_cast<void>(runs_.join(options_.drain));
}

WorkerStats WorkerCore::stats() const noexcept {
    WorkerStats stats = stats_;
    stats.running = runs_.size();
    return stats;
}

const AnyTask* WorkerCore::find(std::string_view name) const noexcept {
    const auto at =
        std::find_if(tasks_.begin(), tasks_.end(), [&](const AnyTask& task) { return task.name() == name; });
    return at == tasks_.end() ? nullptr : &*at;
}

void WorkerCore::handle(Delivery& delivery) {
    const Request request = read_request(delivery.message());
    if (cancelled_.has(request.batch)) {
        ++stats_.cancelled;
        delivery.ack();
        return;
    }
    const AnyTask* const task = find(request.task);
    if (task == nullptr) {  // another worker may know it; else the broker gives it up
        sleep(1s);
        delivery.requeue();
        return;
    }
    if (task->options().at_most_once) {
        delivery.ack();
    }
    Running running(request.batch);
    running_.push_back(running);
    try {
        run_and_settle(*task, request, delivery);
    } catch (...) {
        if (!running.cancelled) {
            throw;  // killed by a drain, or the broker is gone: it goes back
        }
        ++stats_.cancelled;
        if (!delivery.settled()) {
            delivery.ack();
        }
    }
}

void WorkerCore::run_and_settle(const AnyTask& task, const Request& request, Delivery& delivery) {
    const Outcome outcome = run_task(task, request, delivery);
    if (outcome.kind == Outcome::Kind::again) {
        publisher_->publish(wait_queue(name_, outcome.delay), outcome.message);
        ++stats_.retried;
    } else {
        reply(request, outcome.message);
        ++stats_.done;
    }
    if (!delivery.settled()) {
        if (outcome.kind == Outcome::Kind::unfit) {
            delivery.reject();  // to the dead queue, for people
        } else {
            delivery.ack();
        }
    }
}

WorkerCore::Outcome WorkerCore::run_task(const AnyTask& task, const Request& request, const Delivery& delivery) {
    const auto failed = [&](std::string_view type, std::string_view text) -> Outcome {
        if (request.attempt <= task.options().retries) {
            return {Outcome::Kind::again, next_attempt(delivery.message(), request.attempt + 1),
                    retry_delay(task.options().backoff, request.attempt)};
        }
        return {Outcome::Kind::done, error_reply(request, type, text)};
    };
    const TaskContext context{
        .current = {.id = std::string(request.id), .attempt = request.attempt, .redelivered = delivery.redelivered()},
        .request = &request,
        .progress = &*progress_};
    const InTask in_task(context);
    const Timeout limit(task.options().limit);
    try {
        return {Outcome::Kind::done, result_reply(request, task(delivery.message()))};
    } catch (const Timeout::Expired& e) {  // or of a Timeout in the task, which it did not catch
        return failed("tendril::Timeout::Expired", limit.threw(e) ? "the task took longer than its limit" : e.what());
    } catch (const Interrupt&) {
        throw;
    } catch (const DecodeError& e) {
        return {Outcome::Kind::unfit, error_reply(request, "tendril::amqp::DecodeError", e.what())};
    } catch (const std::exception& e) {
        return failed(tendril::detail::demangled(typeid(e).name()), e.what());
    } catch (...) {
        return failed("", "the task threw what is not a std::exception");
    }
}

void WorkerCore::reply(const Request& request, const Message& message) {
    if (request.reply_to.empty()) {
        return;
    }
    try {
        publisher_->publish(request.reply_to, message);
    } catch (const Unroutable&) {
        ++stats_.unwanted;  // the requester and its queue are gone
    }
}

void WorkerCore::answer_lost() {
    Consumer lost = client_.consumer(lost_queue(name_), {.prefetch = 1});
    for (Delivery& delivery : lost) {
        const Request request = read_request(delivery.message());
        const auto reason = delivery.properties().headers.get<std::string>("x-first-death-reason").value_or("");
        if (reason == "rejected") {
            continue;  // its arguments did not fit, which the requester has heard
        }
        std::string why = "the task '" + std::string(request.task) + "' is lost: ";
        if (find(request.task) == nullptr) {
            why += "no worker knows it";
        } else {
            why += "each worker that began it died, or gave it back (" + reason + ")";
        }
        reply(request, lost_reply(request, why));
    }
}

void WorkerCore::hear_cancels() {
    Consumer cancels = client_.consumer(cancel_queue_, {.no_ack = true});
    for (Delivery& delivery : cancels) {
        cancel(delivery.body());
    }
}

// It looks now and then: a block that ends and begins again between two looks is one block.
void WorkerCore::watch_blocks() {
    using Clock = std::chrono::steady_clock;
    const std::chrono::nanoseconds limit = options_.blocked_limit;
    std::optional<Clock::time_point> since;
    bool said = false;
    for (;; sleep(std::clamp<std::chrono::nanoseconds>(limit / 4, 1ms, 15s))) {
        if (!client_.blocked()) {
            since.reset();
            said = false;
        } else if (!since) {
            since = Clock::now();
        } else if (!said && Clock::now() - *since >= limit) {
            said = true;
            options_.on_blocked();
        }
    }
}

void WorkerCore::cancel(std::string batch) {
    for (Running* run = running_.front(); run != nullptr; run = running_.after(*run)) {
        if (run->batch == batch && !run->cancelled) {
            run->cancelled = true;
            run->greenlet.kill_nowait();
        }
    }
    cancelled_.add(std::move(batch), Cancelled::Clock::now());
}

}  // namespace tendril::amqp::detail
