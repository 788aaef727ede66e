// SPDX-License-Identifier: MIT
// Floor: amqp
//
// Worker: runs the Tasks that Pools send (pool.hpp).
//
//     amqp::Worker worker(client, "pages", {fetch_page, shrink}, {.concurrency = 100});
//     worker.run();                                                   // until stop(), or the caller is interrupted
//
//     int main(int argc, char** argv) { return amqp::worker_main(argc, argv, {fetch_page, shrink}); }     // a program
//
// A green thread for each task. It acks a task when the broker has its result, so a worker that dies loses none. A task
// that throws is tried again as its options say, then its exception goes to the requester; one whose arguments do not
// fit goes to the queue `<name>.dead`, and the requester hears of it; one that it does not know goes back, for another
// worker.
//
// A task that computes for long without a wait holds up its hub, the connection's heartbeats with it: let it offload()
// (thread_pool.hpp). A broker that is low on memory or disk takes no results, so tasks are not acked meanwhile:
// on_blocked tells.

#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include <tendril/amqp/client.hpp>
#include <tendril/amqp/pool.hpp>
#include <tendril/amqp/task.hpp>
#include <tendril/deadline.hpp>
#include <tendril/duration.hpp>

namespace tendril::amqp {

namespace detail {
class WorkerCore;
}

// Options of a Worker.
struct WorkerOptions {
    std::uint16_t concurrency = 100;            // tasks at once; no more are taken from the broker
    Duration drain = std::chrono::seconds(30);  // how long tasks may go on after stop(); then they are killed
    TaskQueueOptions queue = {};                // must be the same as the Pools'
    bool once = false;  // run() ends when the queue is empty and its tasks have ended; no retry is waited for
    // The broker has taken no messages for blocked_limit, so no task that ends is acked. Called once for each time, in
    // the hub; it may wait. What it throws goes to the hub's error handler, and it is not called again.
    Duration blocked_limit = std::chrono::minutes(1);
    std::function<void()> on_blocked = {};
};

// Counts of a Worker, since its start.
struct WorkerStats {
    std::uint64_t done = 0;       // ended, with a result or an error
    std::uint64_t retried = 0;    // threw, and will be tried again
    std::uint64_t cancelled = 0;  // nobody waited for any more
    std::uint64_t unwanted = 0;   // of those done: the requester was gone
    std::size_t running = 0;      // now
};

class Worker {
public:
    // Throws: std::invalid_argument for two tasks of one name, none, a concurrency of 0, or a task whose limit is not
    // below the time after which the broker takes it back (TaskQueueOptions::consumer_timeout).
    Worker(Client& client, std::string_view name, std::vector<AnyTask> tasks, const WorkerOptions& options = {});
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;
    ~Worker();  // Requires: run() is not under way

    // Declares what there must be, then runs tasks until stop(), or as `once` says. May be called once. Throws:
    // Interrupt: drains first, as stop(); as Client::declare() and Consumer::get().
    void run();

    // Takes no more tasks; those that have not begun go back at once, those that run may go on for `drain`; then run()
    // returns. A second call ends them now: they go back. Does not wait.
    void stop();

    WorkerStats stats() const noexcept;  // returns its counts

private:
    std::unique_ptr<detail::WorkerCore> core_;
};

// A program that is a Worker: options on the command line (--help lists them) or in the environment, SIGTERM and SIGINT
// stop it; SIGTERM is ignored when it returns. Returns: what main() returns: 0 when it has drained, 1 for an error, 2
// for wrong options.
int worker_main(int argc, char** argv, const std::vector<AnyTask>& tasks);

}  // namespace tendril::amqp

// In a shared library, names the tasks that `tendril-worker --load LIBRARY` runs:
//
//     TENDRIL_TASKS(fetch_page, shrink)
//
// Such a library is built with the headers only, and not linked with tendril, which is in the program.
#define TENDRIL_TASKS(...)                                                       \
    extern "C" __attribute__((visibility("default"))) void tendril_worker_tasks( \
        ::std::vector<::tendril::amqp::AnyTask>& tasks) {                        \
        tasks.insert(tasks.end(), {__VA_ARGS__});                                \
    }
