// SPDX-License-Identifier: MIT
//
// Cases that tests/integration/server_processes_test.cpp can't produce: forks that fail, workers that do not end.

#include <tendril/worker_processes.hpp>

#include <cerrno>
#include <csignal>
#include <set>
#include <string>
#include <vector>

#include <tendril/buffered.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/pipe.hpp>

#include "children.hpp"
#include "faults.hpp"
#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

std::string begins(pid_t pid) {
    return std::to_string(pid) + " begins";
}
std::string is_told(pid_t pid) {
    return std::to_string(pid) + " is told";
}
bool alive(pid_t pid) {
    return ::kill(pid, 0) == 0;
}

// Workers that each write a line about themselves; and what they do when told to end.
class Workers {
public:
    Workers(const WorkerOptions& options, bool obedient)
        : workers([this, obedient](Event& stop) { work(stop, obedient); }, options),
          supervisor(spawn([this] { workers.run(); })) {}

    std::string line() { return in_.read_line(20s).value_or("(nothing)"); }

    // After a reload: expects that the old worker was told to end and that a new one began, in either order.
    // Returns: the new one.
    pid_t reloaded(pid_t old) {
        const std::set<std::string> both{line(), line()};
        EXPECT_EQ(both.count(is_told(old)), 1u);
        const std::string& other = *both.begin() == is_told(old) ? *both.rbegin() : *both.begin();
        const pid_t next = static_cast<pid_t>(std::stoi(other));
        EXPECT_EQ(other, begins(next));
        return next;
    }

private:
    void work(Event& stop, bool obedient) {
        say("begins");
        stop.wait();
        say("is told");
        if (!obedient) {
            Event().wait();
        }
        ::_exit(0);  // no code of the test may run in it
    }
    void say(const std::string& what) { pipe_.writer.send_all(std::to_string(::getpid()) + ' ' + what + '\n'); }

    Pipe pipe_ = make_pipe();
    BufferedReader in_{pipe_.reader};

public:
    WorkerProcesses workers;
    Greenlet<void> supervisor;
};

TENDRIL_TEST(WorkerProcesses, AReloadWhoseForkFailsKeepsTheOldWorkerUntilOneSucceeds) {
    Workers all({.processes = 1, .shortest_pause = 20ms}, true);
    const std::string first = all.line();
    const pid_t old = static_cast<pid_t>(std::stoi(first));
    EXPECT_EQ(first, begins(old));
    ::testing::internal::CaptureStderr();
    {
        const testing::Faults faults({{.call = sys::Call::fork, .times = 2, .fault = EAGAIN}});
        all.workers.reload();
        while (faults.happened() < 2) {
            EXPECT_EQ(all.workers.pids(), std::vector<pid_t>{old}) << "it serves on, untold";
            sleep(1ms);
        }
    }
    const pid_t next = all.reloaded(old);
    EXPECT_EQ(all.workers.restarts(), 2u) << "as a worker that died, it was tried again after pauses";
    all.workers.stop();
    EXPECT_EQ(all.line(), is_told(next));
    all.supervisor.get();
    const std::string reports = ::testing::internal::GetCapturedStderr();
    EXPECT_NE(reports.find("a worker cannot be started: fork"), std::string::npos) << reports;
    EXPECT_TRUE(testing::no_child_left());
}

TENDRIL_TEST(WorkerProcesses, TheDrainDeadlineKillsAWorkerThatGoesOn) {
    Workers all({.processes = 1, .drain = 20ms}, false);
    const std::string first = all.line();
    const pid_t old = static_cast<pid_t>(std::stoi(first));
    all.workers.reload();
    const pid_t next = all.reloaded(old);
    while (alive(old)) {
        sleep(1ms);  // otherwise it would stay there without end
    }
    EXPECT_EQ(all.workers.pids(), std::vector<pid_t>{next});
    EXPECT_EQ(all.workers.restarts(), 0u) << "it was to end";
    all.workers.stop();
    EXPECT_EQ(all.line(), is_told(next));
    all.supervisor.get();
    EXPECT_FALSE(alive(next));
    EXPECT_TRUE(testing::no_child_left());
}

}  // namespace
}  // namespace tendril
