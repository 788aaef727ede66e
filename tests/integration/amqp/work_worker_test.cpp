// SPDX-License-Identifier: MIT
//
// Worker and the program tendril-worker, against RabbitMQ. Rows of ../shared/amqp-rows.md by their ids.

#include <tendril/amqp/worker.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <tendril/amqp/pool.hpp>
#include <tendril/event.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/process.hpp>
#include <tendril/timeout.hpp>

#include "consumer_timeout.hpp"
#include "green_test.hpp"
#include "real_broker.hpp"
#include "tasks.hpp"
#include "workers.hpp"

namespace tendril::amqp {
namespace {

using namespace std::chrono_literals;
using testing::add_task;
using testing::end_worker;
using testing::fresh_pool;
using testing::meet_task;
using testing::nap;
using testing::nap_task;
using testing::RealBroker;
using testing::shout_task;
using testing::start_worker;
using testing::WorkerHere;

TENDRIL_TEST(RealWorker, TQ57_SigtermDrains) {
    const std::string name = fresh_pool();
    Client client(RealBroker::get().url());
    Pool pool(client, name);
    Popen first = start_worker(name, {"--concurrency", "2"});
    std::vector<RemoteTask<int>> naps;
    for (int i = 0; i < 4; ++i) {
        naps.push_back(pool.spawn(nap_task, 200));
    }
    while (!naps[0].progress()) {
        sleep(5ms);
    }
    first.terminate();
    EXPECT_EQ(first.wait(20s), 0);
    EXPECT_TRUE(naps[0].get(5s) == 200) << "it was let to its end";
    Popen second = start_worker(name);
    for (const RemoteTask<int>& nap : naps) {
        EXPECT_EQ(nap.get(20s), 200);
    }
    end_worker(second);
    client.close();
}

TENDRIL_TEST(RealWorker, TQ57_WhatRunsLongerThanTheDrainGoesBack) {
    const std::string name = fresh_pool();
    Client client(RealBroker::get().url());
    Pool pool(client, name);
    RemoteTask<int> nap = pool.spawn(nap_task, 60'000);
    {
        WorkerHere worker(name, {nap_task}, {.drain = 0s});
        while (!nap.progress()) {
            sleep(5ms);
        }
    }
    EXPECT_FALSE(nap.ready());
    while (pool.backlog(5s).messages != 1) {
        sleep(5ms);
    }
    client.close();
}

TENDRIL_TEST(RealWorker, OnceItWorksOffWhatIsThereAndEnds) {
    const std::string name = fresh_pool();
    Client client(RealBroker::get().url());
    Pool pool(client, name);
    std::vector<RemoteTask<int>> sums;
    for (int i = 0; i < 20; ++i) {
        sums.push_back(pool.spawn(add_task, i, 1));
    }
    Popen worker = start_worker(name, {"--once", "--concurrency", "3"});
    EXPECT_EQ(worker.wait(20s), 0);
    for (int i = 0; i < 20; ++i) {
        EXPECT_EQ(sums[i].get(20s), i + 1);
    }
    EXPECT_EQ(pool.backlog().messages, 0u);
    // A stop() ends it in the middle.
    RemoteTask<int> nap = pool.spawn(nap_task, 60'000);
    pool.submit(nap_task, 60'000);
    {
        WorkerHere here(name, {nap_task}, {.concurrency = 1, .drain = 0s, .once = true});
        while (!nap.progress()) {
            sleep(5ms);
        }
    }
    while (pool.backlog(5s).messages != 2) {
        sleep(5ms);
    }
    client.close();
}

void nap_for_ever() {
    sleep(1h);
}
void wait_too_long() {
    const Timeout limit(1ms);
    sleep(1h);
}
void throw_a_number() {
    throw 7;
}

TENDRIL_TEST(RealWorker, TQ58_ATimeLimitAndAllThatATaskMayThrowAreErrors) {
    constexpr Task limited("limited", nap_for_ever, {.limit = 20ms});
    constexpr Task own_limit("own_limit", wait_too_long);
    constexpr Task number("number", throw_a_number);
    const std::string name = fresh_pool();
    Client client(RealBroker::get().url());
    WorkerHere worker(name, {limited, own_limit, number, shout_task});
    Pool pool(client, name);
    const auto error_of = [&pool](const auto& task) {
        try {
            pool.spawn(task).get(20s);
        } catch (const RemoteError& e) {
            return e.type() + ": " + e.what();
        }
        return std::string("none");
    };
    EXPECT_EQ(error_of(limited), "tendril::Timeout::Expired: the task took longer than its limit");
    EXPECT_NE(error_of(own_limit).find("waited in sleep"), std::string::npos) << error_of(own_limit);
    EXPECT_EQ(error_of(number), ": the task threw what is not a std::exception");
    EXPECT_EQ(pool.spawn(shout_task, "on").get(20s), "ON");
    EXPECT_EQ(shout_task.options().limit, Duration(25min)) << "under the broker's 30 min";
    client.close();
}

Event* gate = nullptr;
void wait_at_gate() {
    gate->wait();
}

TENDRIL_TEST(RealWorker, AWorkerThatIsBlockedForLongSaysSo) {
    constexpr Task gated("gated", wait_at_gate);
    Event opened;
    gate = &opened;
    Event blocked;
    int calls = 0;
    const std::string name = fresh_pool();
    Client client(RealBroker::get().url());
    WorkerHere worker(name, {gated}, {.blocked_limit = 50ms, .on_blocked = [&] {
                                          ++calls;
                                          blocked.set();
                                      }});
    Pool pool(client, name);
    RemoteTask<void> task = pool.spawn(gated);
    while (worker->stats().running == 0) {
        sleep(5ms);
    }
    {
        RealBroker::LowMemory low;
        opened.set();  // the broker takes its result, but blocks the worker then
        blocked.wait();
    }
    task.get(20s);
    EXPECT_EQ(calls, 1);
    client.close();
}

// With two hubs, each of which takes one task at a time: the two meet.
TENDRIL_TEST(RealWorker, HubsRunTasksInOsThreadsOfTheirOwn) {
    const std::string name = fresh_pool();
    Client client(RealBroker::get().url());
    Pool pool(client, name);
    Popen worker = start_worker(name, {"--hubs", "2", "--concurrency", "1", "--drain", "1440m"});
    RemoteTask<bool> first = pool.spawn(meet_task);
    EXPECT_TRUE(pool.spawn(meet_task).get(20s));
    EXPECT_TRUE(first.get(20s));
    EXPECT_EQ(pool.backlog().consumers, 2u);

    // A second signal ends all of them at once.
    std::vector<RemoteTask<int>> naps;
    for (int i = 0; i < 2; ++i) {
        naps.push_back(pool.spawn(nap_task, 60'000));
    }
    while (!naps[0].progress() || !naps[1].progress()) {
        sleep(5ms);
    }
    while (!worker.poll()) {  // a signal that comes while another is pending counts as one
        worker.terminate();
        sleep(5ms);
    }
    EXPECT_EQ(worker.wait(), 0);
    while (pool.backlog(5s).messages != 2) {
        sleep(5ms);
    }
    client.close();
}

// Each in a child by fork(), whose end a sanitizer build examines for leaks. A worker that ends by an error is
// reported.
TENDRIL_TEST(RealWorker, TQ56_ProcessesEndWithoutALeak) {
    const std::string name = fresh_pool();
    Client client(RealBroker::get().url());
    Pool pool(client, name);
    Popen worker({TENDRIL_AMQP_WORKER, "--queue", name, "--processes", "2"},
                 {.err = PIPE, .add_env = {{"TENDRIL_WORKER_URL", RealBroker::get().url()}}});
    std::vector<RemoteTask<int>> sums;
    for (int i = 0; i < 20; ++i) {
        sums.push_back(pool.spawn(add_task, i, 1));
    }
    for (int i = 0; i < 20; ++i) {
        EXPECT_EQ(sums[i].get(20s), i + 1);
    }
    while (pool.backlog().consumers != 2) {
        sleep(5ms);
    }
    worker.terminate();
    EXPECT_EQ(worker.communicate().err, "");
    EXPECT_EQ(worker.wait(20s), 0);
    client.close();
}

// The broker takes a task away from a worker that is at it for too long, and gives it to one again: the requester sees
// one result.
TENDRIL_TEST(RealWorker, TQ44_ATaskOverTheBrokersLimitHasOneResult) {
    static bool done = false;
    if (std::exchange(done, true)) {
        return;  // on one backend, as rabbitmqctl takes its time
    }
    const testing::ConsumerTimeout timeout(200ms);
    const std::string name = fresh_pool();
    Client client(RealBroker::get().url());
    Pool pool(client, name);
    {
        WorkerHere worker(name, {nap_task, shout_task});
        RemoteTask<int> nap = pool.spawn(nap_task, 1000);
        while (worker->stats().running < 2) {  // it came again
            sleep(5ms);
        }
        EXPECT_EQ(pool.spawn(shout_task, "on").get(20s), "ON");
        EXPECT_EQ(nap.get(20s), 1000);
    }
    EXPECT_EQ(client.stats().losses, 0u);
    client.close();
}

TENDRIL_TEST(RealWorker, TQ44_ALimitOverTheBrokersMustBeAskedFor) {
    constexpr Task whole_day("whole_day", nap, {.limit = 24h});
    constexpr Task acked_first("acked_first", nap, {.limit = 24h, .at_most_once = true});
    const std::string name = fresh_pool();
    Client client(RealBroker::get().url());
    EXPECT_THROW(Worker(client, name, {whole_day}), std::invalid_argument);
    EXPECT_NO_THROW(Worker(client, name, {acked_first}));
    const TaskQueueOptions queue{.consumer_timeout = 25h};
    WorkerHere worker(name, {whole_day}, {.queue = queue});
    Pool pool(client, name, {.queue = queue});
    EXPECT_EQ(pool.spawn(whole_day, 1).get(20s), 1);
    client.close();
}

#ifdef TENDRIL_TASK_MODULE
TENDRIL_TEST(RealWorker, TQ57_TheProgramRunsTasksOfALibrary) {
    const std::string name = fresh_pool();
    Client client(RealBroker::get().url());
    Pool pool(client, name);
    const CompletedProcess listed = run({TENDRIL_WORKER_PROGRAM, "--load", TENDRIL_TASK_MODULE, "--list"});
    EXPECT_EQ(listed.out, "shout\nnap\n");
    Popen worker({TENDRIL_WORKER_PROGRAM, "--load", TENDRIL_TASK_MODULE, "--queue", name},
                 {.add_env = {{"TENDRIL_WORKER_URL", RealBroker::get().url()}}});
    EXPECT_EQ(pool.spawn(shout_task, "hello").get(20s), "HELLO");
    EXPECT_EQ(pool.spawn(nap_task, 10).get(20s), 10) << "it sleeps in the program's hub";
    end_worker(worker);
    EXPECT_EQ(run({TENDRIL_WORKER_PROGRAM, "--load", "/nowhere.so"}).returncode, 2);
    client.close();
}
#endif

}  // namespace
}  // namespace tendril::amqp
