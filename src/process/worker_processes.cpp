// SPDX-License-Identifier: MIT

#include <tendril/worker_processes.hpp>

#include <algorithm>
#include <set>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

#include <tendril/fork.hpp>
#include <tendril/group.hpp>
#include <tendril/hub.hpp>
#include <tendril/process.hpp>
#include <tendril/shield.hpp>
#include <tendril/signal.hpp>

#include "base/on_exit.hpp"
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
        if (options_.shortest_pause == Duration() || options_.longest_pause < options_.shortest_pause) {
            throw std::invalid_argument(
                "WorkerOptions: the pauses must be positive, and longest_pause not below shortest_pause");
        }
        options_.processes = options_.processes == 0 ? sys::processors() : options_.processes;
    }

    void run() {
        supervisor_ = sys::process_id();
        const Signal on_term = on_signal(SIGTERM, [this] { stop(); });
        const Signal on_interrupt = on_signal(SIGINT, [this] { stop(); });
        const Signal on_hangup = on_signal(SIGHUP, [this] { reload(); });
        try {
            Group keepers;
            keepers_ = &keepers;
            const detail::OnExit forgotten([this] { keepers_ = nullptr; });
            for (unsigned i = 0; i < options_.processes; ++i) {
                keepers.spawn([this] { keep_one(nullptr); });
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

    void reload() {
        if (keepers_ == nullptr || stop_.is_set()) {
            return;
        }
        for (const Shared& old : workers_) {
            if (!std::exchange(old->retiring, true)) {
                keepers_->spawn([this, old] { keep_one(old); });
            }
        }
    }

    std::vector<pid_t> pids() const {
        std::vector<pid_t> all;
        for (const Shared& each : workers_) {
            all.push_back(each->pid);
        }
        return all;
    }

    std::size_t restarts() const noexcept { return restarts_; }

private:
    struct Worker {
        pid_t pid;
        bool retiring = false;  // another keeper starts the worker that replaces it
        Event ended;
    };
    using Shared = std::shared_ptr<Worker>;

    // Until stop(): keeps one worker running, and starts another when it has ended. Retires `old` once the first runs.
    void keep_one(Shared old) {
        Duration pause = options_.shortest_pause;
        while (!stop_.is_set()) {
            const std::int64_t began = Deadline::now_ns();
            if (const Shared worker = start(); worker != nullptr) {
                if (worker->pid == 0) {
                    return;  // in the worker: it has finished
                }
                if (old != nullptr) {
                    keepers_->spawn([this, gone = std::exchange(old, nullptr)] { retire(*gone); });
                }
                wait_for(worker);
                if (worker->retiring) {
                    return;
                }
            }
            if (stop_.is_set()) {
                return;
            }
            if (Deadline::now_ns() - began > options_.longest_pause.count()) {
                pause = options_.shortest_pause;
            }
            if (stop_.wait(pause)) {
                return;
            }
            pause = std::min(Duration(2 * std::chrono::nanoseconds(pause)), options_.longest_pause);
            ++restarts_;
        }
    }

    // Returns: the new worker; nullptr if it could not be forked. In the worker: one with the pid 0, after its body.
    Shared start() {
        auto worker = std::make_shared<Worker>();
        try {
            worker->pid = fork();
        } catch (const std::system_error& e) {
            detail::report(std::string("a worker cannot be started: ") + e.what());
            return nullptr;
        }
        if (worker->pid == 0) {
            work();
        } else {
            workers_.insert(worker);
        }
        return worker;
    }

    void work() {
        workers_.clear();
        keepers_ = nullptr;
        Event stop;
        const Signal on_term = on_signal(SIGTERM, [&] { stop.set(); });
        const Signal on_interrupt = on_signal(SIGINT, [&] { stop.set(); });
        const Signal on_hangup = on_signal(SIGHUP, [] {});  // left to the supervisor
        const Async awake([] {});  // a body may wait only for `stop`, and signals do not keep a hub alive
        sys::signal_at_parents_death(SIGTERM);
        if (sys::parent() != supervisor_) {
            return;  // the supervisor died before the line above
        }
        body_(stop);
    }

    // Tells the worker to drain, and kills it if that takes too long.
    void retire(Worker& worker) {
        if (!worker.ended.is_set()) {
            sys::kill(worker.pid, SIGTERM);
            if (!worker.ended.wait(options_.drain)) {
                sys::kill(worker.pid, SIGKILL);
            }
        }
    }

    // An Interrupt leaves the worker in workers_: it is not yet reaped.
    void wait_for(const Shared& worker) {
        std::string how;
        try {
            const int code = wait_pid(worker->pid);
            how = code < 0 ? "by signal " + std::to_string(-code) : "with status " + std::to_string(code);
        } catch (const std::system_error& e) {
            how = e.what();
        }
        worker->ended.set();
        workers_.erase(worker);
        if (!stop_.is_set() && !worker->retiring) {
            detail::report("worker " + std::to_string(worker->pid) + " ended " + how + "; another one takes its place");
        }
    }

    void signal_all(int number) noexcept {
        for (const Shared& each : workers_) {  // not yet reaped, so no other process has the pid
            sys::kill(each->pid, number);
        }
    }

    // For run(), after it has killed the keepers, which would have reaped the workers.
    void reap_all() {
        for (const Shared& each : workers_) {
            wait_pid(each->pid);
        }
        workers_.clear();
    }

    std::function<void(Event&)> body_;
    WorkerOptions options_;
    Event stop_;
    pid_t supervisor_ = 0;
    Group* keepers_ = nullptr;  // while run() is under way
    std::set<Shared> workers_;
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

void WorkerProcesses::reload() {
    state_->reload();
}

std::vector<pid_t> WorkerProcesses::pids() const {
    return state_->pids();
}

std::size_t WorkerProcesses::restarts() const noexcept {
    return state_->restarts();
}

}  // namespace tendril
