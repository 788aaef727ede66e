// SPDX-License-Identifier: MIT

#include "second_process.hpp"

#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <optional>
#include <stdexcept>
#include <system_error>
#include <utility>
#include <vector>

#include <tendril/greenlet.hpp>
#include <tendril/socket.hpp>

namespace demo {

namespace {

using namespace std::chrono_literals;

// This program once more, with other arguments. Killed when this object ends before it has.
class Process {
public:
    explicit Process(std::vector<std::string> arguments) {
        std::vector<char*> argv;
        argv.reserve(arguments.size() + 1);
        for (std::string& each : arguments) {
            argv.push_back(each.data());
        }
        argv.push_back(nullptr);
        if (const int error = posix_spawn(&pid_, "/proc/self/exe", nullptr, nullptr, argv.data(), environ);
            error != 0) {
            throw std::system_error(error, std::generic_category(), "could not start a second process");
        }
    }
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;
    ~Process() {
        if (!ended()) {
            ::kill(pid_, SIGKILL);
            ::waitpid(pid_, nullptr, 0);
        }
    }

    bool ended() { return ended_ || (ended_ = ::waitpid(pid_, &status_, WNOHANG) == pid_); }
    bool succeeded() const { return ended_ && status_ == 0; }

private:
    pid_t pid_ = 0;
    bool ended_ = false;
    int status_ = 0;
};

tendril::TcpSocket await_report(tendril::Listener& listener, Process& process) {
    for (;;) {
        if (std::optional<tendril::TcpSocket> report = listener.try_accept()) {
            return *std::move(report);
        }
        if (process.ended()) {
            throw std::runtime_error("the second process ended before it began");
        }
        tendril::sleep(10ms);
    }
}

}  // namespace

void run_clients_in_second_process(const Plan& plan, const OnTally& tell) {
    tendril::Listener listener = tendril::listen("127.0.0.1:0");
    Process process({"tendril-demo", "--report-to", listener.address().to_string(), "--address",
                     plan.server.to_string(), "--connections", std::to_string(plan.connections), "--in-flight",
                     std::to_string(plan.in_flight), "--rounds", std::to_string(plan.rounds)});
    tendril::TcpSocket report = await_report(listener, process);
    Tally tally;
    do {
        if (report.recv_exactly({&tally, sizeof tally}) != sizeof tally) {
            throw std::runtime_error("the second process ended before its work was done");
        }
        tell(tally);
    } while (!tally.finished);
    report.close();
    while (!process.ended()) {
        tendril::sleep(1ms);
    }
    if (!process.succeeded()) {
        throw std::runtime_error("the second process failed");
    }
}

void run_as_second_process(const Plan& plan, const std::string& report_to) {
    pthread_setname_np(pthread_self(), "tendril-demo");  // for ps and top: it was started as /proc/self/exe
    tendril::TcpSocket report = tendril::connect(report_to);
    run_clients(plan, [&report](const Tally& tally) {
        report.send_all({&tally, sizeof tally});
        if (tally.finished) {
            char nothing[1];
            report.recv(nothing);  // until the first process has measured with everything open
        }
    });
}

}  // namespace demo
