// SPDX-License-Identifier: MIT
//
// WorkerCore: takes requests from the queue and runs each in a green thread of a Pool. A request is settled once:
// acked when the broker has what comes of it, or given back by its Delivery.

#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tendril/amqp/client.hpp>
#include <tendril/amqp/worker.hpp>
#include <tendril/detail/base/list.hpp>
#include <tendril/event.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/pool.hpp>

#include "amqp/work/cancelled.hpp"
#include "amqp/work/task_message.hpp"

namespace tendril::amqp::detail {

class WorkerCore {
public:
    WorkerCore(Client& client, std::string_view name, std::vector<AnyTask> tasks, const WorkerOptions& options);

    void run();
    void stop();
    WorkerStats stats() const noexcept;

private:
    // What becomes of a request that was run.
    struct Outcome {
        enum class Kind : std::uint8_t { done, unfit, again } kind;
        Message message;  // the reply; or the next attempt
        std::chrono::seconds delay{};
    };

    // A request that runs now; lies on its green thread's stack.
    struct Running : tendril::detail::ListNode {
        explicit Running(std::string b) : batch(std::move(b)), greenlet(current()) {}
        const std::string batch;
        AnyGreenlet greenlet;
        bool cancelled = false;
    };

    // A request that was asked for, on its way through a green thread.
    struct Asked {
        explicit Asked(WorkerCore& w, Delivery d) noexcept : core(&w), delivery(std::move(d)) { ++core->busy_; }
        Asked(Asked&& other) noexcept : core(std::exchange(other.core, nullptr)), delivery(std::move(other.delivery)) {}
        Asked& operator=(Asked&&) = delete;
        ~Asked() {
            if (core != nullptr) {
                --core->busy_;
                core->changed_.set();
            }
        }
        WorkerCore* core;
        Delivery delivery;
    };

    void declare();
    void take_requests();
    void work_off();
    void drain();
    void answer_lost();
    void hear_cancels();
    void watch_blocks();
    void cancel(std::string batch);

    void handle(Delivery& delivery);
    void run_and_settle(const AnyTask& task, const Request& request, Delivery& delivery);
    Outcome run_task(const AnyTask& task, const Request& request, const Delivery& delivery);
    void reply(const Request& request, const Message& message);
    const AnyTask* find(std::string_view name) const noexcept;

    Client& client_;
    const std::string name_;
    const std::string cancel_queue_;
    const std::vector<AnyTask> tasks_;
    const WorkerOptions options_;
    std::optional<Publisher> publisher_;  // of replies and next attempts
    std::optional<Publisher> progress_;
    std::optional<Consumer> requests_;
    Cancelled cancelled_;
    tendril::detail::List<Running> running_;
    WorkerStats stats_;
    bool stopped_ = false;
    std::size_t busy_ = 0;  // Askeds that live
    Event changed_;         // set when busy_ is less than before, and by stop()
    tendril::Pool runs_;
};

}  // namespace tendril::amqp::detail
