// SPDX-License-Identifier: MIT
// Floor: process
//
// WorkerProcesses: a program as several processes that serve one listener, each forked from it, started again when it
// dies, drained when the program shall end, replaced by fresh ones on SIGHUP.
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
// A worker is a child by fork() (fork.hpp): its hub is fresh, and what the program opened before is open in it. It gets
// SIGTERM when its supervisor dies, however that dies. Call it before other OS threads are started.

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

struct WorkerOptions {
    unsigned processes = 0;                     // 0: one for each processor
    Duration drain = std::chrono::seconds(30);  // between SIGTERM and SIGKILL
    // Before a worker that died is started again; doubles each time, and begins anew with one that lived longer than
    // the longest. Each death is reported.
    Duration shortest_pause = std::chrono::milliseconds(100);
    Duration longest_pause = std::chrono::seconds(10);
};

class WorkerProcesses {
public:
    // body: what a worker does. `stop` is set when it shall come to an end, by SIGTERM or SIGINT; when body returns,
    // the worker ends with status 0, and another takes its place unless all shall stop.
    // Throws: std::invalid_argument for an empty body or pauses that make no sense.
    explicit WorkerProcesses(std::function<void(Event& stop)> body, const WorkerOptions& options = {});
    WorkerProcesses(const WorkerProcesses&) = delete;
    WorkerProcesses& operator=(const WorkerProcesses&) = delete;
    ~WorkerProcesses();  // run() is not under way

    // Supervises until stop(), SIGTERM or SIGINT, and all workers have ended. SIGHUP: reload(). A worker that cannot be
    // forked is reported and tried again, after pauses as of one that died. Call it once.
    // Throws: Interrupt: the workers are killed first, without a drain.
    void run();

    // Puts a new worker in each one's place, which is then told to end and has the drain for it. Others' connections go
    // on, since there is one that accepts all the time. Without effect unless run() is under way.
    // From a green thread of the same hub, or in a callback.
    void reload();

    // From a green thread of the same hub, or in a callback.
    void stop() noexcept;

    std::vector<pid_t> pids() const;        // that live, in no order
    std::size_t restarts() const noexcept;  // so far, those by reload() left out

private:
    class State;
    std::shared_ptr<State> state_;
};

}  // namespace tendril
