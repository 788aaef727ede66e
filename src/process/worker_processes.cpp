// SPDX-License-Identifier: MIT

#include <tendril/worker_processes.hpp>

#include <algorithm>
#include <set>
#include <stdexcept>
#include <string>
#include <system_error>

#include <tendril/fork.hpp>
#include <tendril/group.hpp>
#include <tendril/process.hpp>
#include <tendril/shield.hpp>
#include <tendril/signal.hpp>

#include "base/report.hpp"
#include "base/sys.hpp"

namespace tendril {

// Shared with the green threads of run(), one for each worker.
class WorkerProcesses::State {
public:
    State(std::function<void(Event&)> body, const WorkerOptions& options) : body_(std::move(body)), options_(options) {
        if (!body_) {
            throw std::invalid_argument("WorkerProcesses without a body would do nothing");
        }
        if (options_.shortest_pause.count() <= 0 || options_.longest_pause < options_.shortest_pause ||
            options_.drain.count() < 0) {
            throw std::invalid_argument("WorkerOptions: the pauses must be positive, the drain not negative");
        }
        options_.processes = options_.processes == 0 ? sys::processors() : options_.processes;
    }

    void run() {
        const pid_t supervisor = ::getpid();
        const Signal on_term = on_signal(SIGTERM, [this] { stop(); });
        const Signal on_interrupt = on_signal(SIGINT, [this] { stop(); });
        try {
            Group keepers;
            for (unsigned i = 0; i < options_.processes; ++i) {
                keepers.spawn([this, supervisor] { keep_one(supervisor); });
            }
            stop_.wait();
            signal_all(SIGTERM);
            if (!keepers.join(options_.drain)) {
                signal_all(SIGKILL);
            }
        } catch (...) {
            const Shield shield;
            signal_all(SIGKILL);
            reap_all();
            throw;
        }
    }

    void stop() noexcept { stop_.set(); }
    std::vector<pid_t> pids() const { return {pids_.begin(), pids_.end()}; }
    std::size_t restarts() const noexcept { return restarts_; }

private:
    // One worker after the other, until all shall stop.
    void keep_one(pid_t supervisor) {
        std::chrono::nanoseconds pause = options_.shortest_pause;
        while (!stop_.is_set()) {
            const std::int64_t began = Deadline::now_ns();
            const pid_t pid = start(supervisor);
            if (pid == 0) {
                return;  // the worker's end
            }
            if (pid > 0) {
                wait_for(pid);
            }
            if (stop_.is_set()) {
                return;
            }
            if (Deadline::now_ns() - began > options_.longest_pause.count()) {
                pause = options_.shortest_pause;
            }
            stop_.wait(pause);
            pause = std::min(pause * 2, options_.longest_pause);
            ++restarts_;
        }
    }

    // Returns: the worker's number; in the worker, when it has done all, 0; -1: it could not be forked.
    pid_t start(pid_t supervisor) {
        pid_t pid = -1;
        try {
            pid = fork();
        } catch (const std::system_error& e) {
            detail::report(std::string("a worker cannot be started: ") + e.what());
            return -1;
        }
        if (pid == 0) {
            work(supervisor);
        } else {
            pids_.insert(pid);
        }
        return pid;
    }

    void work(pid_t supervisor) {
        pids_.clear();
        Event stop;
        const Signal on_term = on_signal(SIGTERM, [&] { stop.set(); });
        const Signal on_interrupt = on_signal(SIGINT, [&] { stop.set(); });
        sys::signal_at_parents_death(SIGTERM);
        if (sys::parent() != supervisor) {
            return;  // it died before that was said
        }
        body_(stop);
    }

    // An Interrupt leaves it among pids_: it is not reaped yet.
    void wait_for(pid_t pid) {
        std::string how;
        try {
            const int code = wait_pid(pid);
            how = code < 0 ? "by signal " + std::to_string(-code) : "with status " + std::to_string(code);
        } catch (const std::system_error& e) {
            how = e.what();
        }
        pids_.erase(pid);
        if (!stop_.is_set()) {
            detail::report("worker " + std::to_string(pid) + " ended " + how + "; another one takes its place");
        }
    }

    void signal_all(int number) noexcept {
        for (const pid_t pid : pids_) {  // not reaped yet, so nobody else's number
            sys::kill(pid, number);
        }
    }

    // After the keepers were killed, who waited for them.
    void reap_all() {
        for (const pid_t pid : pids_) {
            wait_pid(pid);
        }
        pids_.clear();
    }

    std::function<void(Event&)> body_;
    WorkerOptions options_;
    Event stop_;
    std::set<pid_t> pids_;
    std::size_t restarts_ = 0;
};

WorkerProcesses::WorkerProcesses(std::function<void(Event& stop)> body, const WorkerOptions& options)
    : state_(std::make_shared<State>(std::move(body), options)) {}

WorkerProcesses::~WorkerProcesses() = default;

void WorkerProcesses::run() {
    state_->run();
}

void WorkerProcesses::stop() noexcept {
    state_->stop();
}

std::vector<pid_t> WorkerProcesses::pids() const {
    return state_->pids();
}

std::size_t WorkerProcesses::restarts() const noexcept {
    return state_->restarts();
}

}  // namespace tendril
