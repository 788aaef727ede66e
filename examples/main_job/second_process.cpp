// SPDX-License-Identifier: MIT

#include "second_process.hpp"

#include <pthread.h>

#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include <tendril/greenlet.hpp>
#include <tendril/process.hpp>
#include <tendril/shield.hpp>
#include <tendril/socket.hpp>

namespace demo {

namespace {

using namespace std::chrono_literals;

// Ends the process at the end of the scope, unless it has already ended.
struct Ended {
    tendril::Popen& process;
    ~Ended() {
        const tendril::Shield shield;
        process.kill();
        process.wait();
    }
};

tendril::TcpSocket await_report(tendril::Listener& listener, tendril::Popen& process) {
    for (;;) {
        if (std::optional<tendril::TcpSocket> report = listener.try_accept()) {
            return *std::move(report);
        }
        if (process.poll()) {
            throw std::runtime_error("the second process ended before it began");
        }
        tendril::sleep(10ms);
    }
}

}  // namespace

void run_clients_in_second_process(const Plan& plan, const OnTally& tell) {
    tendril::Listener listener = tendril::listen("127.0.0.1:0");
    tendril::Popen process({"/proc/self/exe", "--report-to", listener.address().to_string(), "--address",
                            plan.server.to_string(), "--connections", std::to_string(plan.connections), "--in-flight",
                            std::to_string(plan.in_flight), "--rounds", std::to_string(plan.rounds)});
    const Ended ended{process};
    tendril::TcpSocket report = await_report(listener, process);
    Tally tally;
    do {
        if (report.recv_exactly({&tally, sizeof tally}) != sizeof tally) {
            throw std::runtime_error("the second process ended before its work was done");
        }
        tell(tally);
    } while (!tally.finished);
    report.close();
    if (process.wait() != 0) {
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
