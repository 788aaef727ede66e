// SPDX-License-Identifier: MIT
// Floor: process
//
// WorkerProcesses: runs a program as several processes that serve one listener. Each worker is forked from the program,
// started again when it dies, drained when the program is to end, and replaced by a fresh one on SIGHUP.
//
//     Listener listener = listen(":80");
//     WorkerProcesses workers([&](Event& stop) {
//         StreamServer server(listener.duplicate(), handler);
//         server.start();
//         stop.wait();
//         server.stop(20s);
//     }, {.processes = 4});
//     workers.run();                     until SIGTERM or SIGINT
//
// A worker is a child by fork() (fork.hpp): its hub is fresh, and the descriptors that the program opened before are
// open in it. It gets SIGTERM when the supervisor, the process in run(), dies in whatever way. Call run() before other
// OS threads are started.

#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include <tendril/duration.hpp>
#include <tendril/event.hpp>

namespace tendril {

// Options of WorkerProcesses.
struct WorkerOptions {
    unsigned processes = 0;                     // 0: one for each processor
    Duration drain = std::chrono::seconds(30);  // between SIGTERM and SIGKILL
    // The pause before a worker that died is replaced. It doubles each time, up to the longest, and starts again at the
    // shortest after a worker that lived longer than longest_pause. Each death is reported on standard error.
    Duration shortest_pause = std::chrono::milliseconds(100);
    Duration longest_pause = std::chrono::seconds(10);
};

class WorkerProcesses {
public:
    // Starts nothing yet. body: what a worker does. `stop` is set when the worker is to end: it got SIGTERM or SIGINT.
    // When body returns, the worker ends with status 0, and another takes its place unless all are to stop.
    // Throws: std::invalid_argument for an empty body, a shortest pause of 0, or a longest pause below the shortest.
    explicit WorkerProcesses(std::function<void(Event& stop)> body, const WorkerOptions& options = {});
    WorkerProcesses(const WorkerProcesses&) = delete;
    WorkerProcesses& operator=(const WorkerProcesses&) = delete;
    ~WorkerProcesses();  // Requires: run() is not under way.

    // Starts the workers and supervises them until stop(), SIGTERM or SIGINT; then tells them to end, kills those that
    // take longer than the drain, and returns when all have ended. SIGHUP: reload(). A worker that cannot be forked is
    // reported, and tried again after the same pauses as one that died. Suspends the calling green thread only. Call it
    // once. In a worker it does not return: an error that body throws is reported, and the worker's status is then 1.
    // Throws: Interrupt: the workers are killed first, without a drain, and reaped.
    void run();

    // Starts a new worker for each one; the old one is then told to end, and has the drain for it. No connection is
    // refused, since a worker accepts at all times. Does nothing unless run() is under way. Does not yield.
    // Call it from a green thread of the same hub, or in a callback.
    void reload();

    // Makes run() end, and returns at once. Call it from a green thread of the same hub, or in a callback.
    void stop() noexcept;

    std::vector<pid_t> pids() const;        // of the workers that are not yet reaped, in no order
    std::size_t restarts() const noexcept;  // attempts so far to replace a worker, without those of reload()

private:
    class State;
    std::shared_ptr<State> state_;
};

}  // namespace tendril
