// SPDX-License-Identifier: MIT
//
// Workers for the tests of Pool and Worker: as a program, and of the test's own hub.

#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include <tendril/amqp/client.hpp>
#include <tendril/amqp/worker.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/process.hpp>

#include "real_broker.hpp"

namespace tendril::amqp::testing {

// Of a Pool's queue that no test has used.
inline std::string fresh_pool() {
    static int last = 0;
    return "pool_" + std::to_string(++last);
}

// A program of its own.
inline Popen start_worker(const std::string& queue, std::vector<std::string> more = {}) {
    std::vector<std::string> argv{TENDRIL_AMQP_WORKER, "--queue", queue};
    argv.insert(argv.end(), more.begin(), more.end());
    return Popen(argv, {.add_env = {{"TENDRIL_WORKER_URL", RealBroker::get().url()}}});
}

inline void end_worker(Popen& worker) {
    worker.terminate();
    EXPECT_EQ(worker.wait(std::chrono::seconds(20)), 0);
}

// A Worker of this hub, which has a connection of its own.
class WorkerHere {
public:
    explicit WorkerHere(const std::string& queue, std::vector<AnyTask> tasks, const WorkerOptions& options = {})
        : client_(RealBroker::get().url()), worker_(client_, queue, std::move(tasks), options),
          runs_(spawn([this] { worker_.run(); })) {}
    ~WorkerHere() {
        worker_.stop();
        runs_.get();
        client_.close(std::chrono::seconds(5));
    }
    Worker* operator->() { return &worker_; }

private:
    Client client_;
    Worker worker_;
    Greenlet<void> runs_;
};

}  // namespace tendril::amqp::testing
