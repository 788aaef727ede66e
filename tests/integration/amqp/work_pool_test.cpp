// SPDX-License-Identifier: MIT
//
// Pool and Worker, against RabbitMQ. Rows of ../shared/amqp-rows.md by their ids.

#include <tendril/amqp/pool.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <list>
#include <string>
#include <tuple>
#include <vector>

#include <tendril/amqp/worker.hpp>
#include <tendril/event.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/pool.hpp>
#include <tendril/process.hpp>
#include <tendril/timeout.hpp>

#include "green_test.hpp"
#include "real_broker.hpp"
#include "relay.hpp"
#include "tasks.hpp"

namespace tendril::amqp {
namespace {

using namespace std::chrono_literals;
using testing::add_task;
using testing::at_second_task;
using testing::die_task;
using testing::nap_task;
using testing::RealBroker;
using testing::shout_task;

std::string fresh_name() {
    static int last = 0;
    return "pool_" + std::to_string(++last);
}

// A program of its own.
Popen start_worker(const std::string& queue, std::vector<std::string> more = {}) {
    std::vector<std::string> argv{TENDRIL_AMQP_WORKER, "--queue", queue};
    argv.insert(argv.end(), more.begin(), more.end());
    return Popen(argv, {.add_env = {{"TENDRIL_WORKER_URL", RealBroker::get().url()}}});
}

void end(Popen& worker) {
    worker.terminate();
    EXPECT_EQ(worker.wait(20s), 0);
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
        client_.close(5s);
    }
    Worker* operator->() { return &worker_; }

private:
    Client client_;
    Worker worker_;
    Greenlet<void> runs_;
};

// As any program would write it.
template <class P>
std::vector<std::string> shout_all(P& pool, const std::vector<std::string>& words) {
    std::vector<std::string> loud;
    auto results = pool.imap(shout_task, words);
    for (;;) {
        try {
            const auto word = results.next();
            if (!word) {
                return loud;
            }
            loud.push_back(*word);
        } catch (const std::exception& e) {
            loud.push_back(std::string("error: ") + e.what());
        }
    }
}

TENDRIL_TEST(RealPool, TQ55_ImapOverThreeProgramsIsAsTheLocalOne) {
    const std::string name = fresh_name();
    Client client(RealBroker::get().url());
    Pool pool(client, name, {.window = 50});
    std::list<Popen> workers;
    for (int i = 0; i < 3; ++i) {
        workers.push_back(start_worker(name, {"--concurrency", "10"}));
    }
    std::vector<std::string> words;
    for (int i = 0; i < 300; ++i) {
        words.push_back(i == 100 ? "bad" : "word" + std::to_string(i));
    }
    const std::vector<std::string> far = shout_all(pool, words);
    tendril::Pool here(50);
    EXPECT_EQ(far, shout_all(here, words));
    EXPECT_EQ(far.at(100), "error: cannot shout 'bad'");
    EXPECT_EQ(far.at(299), "WORD299");
    for (Popen& worker : workers) {
        end(worker);
    }
    client.close();
}

TENDRIL_TEST(RealPool, TQ55_OtherWaysToCall) {
    const std::string name = fresh_name();
    Client client(RealBroker::get().url());
    WorkerHere worker(name, {shout_task, add_task, nap_task});
    Pool pool(client, name);
    EXPECT_EQ(pool.map(shout_task, std::vector<std::string>{"a", "b"}), (std::vector<std::string>{"A", "B"}));
    std::vector<int> sums;
    for (int& sum : pool.starmap(add_task, std::vector<std::tuple<int, int>>{{1, 2}, {3, 4}})) {
        sums.push_back(sum);
    }
    EXPECT_EQ(sums, (std::vector<int>{3, 7}));
    RemoteTask<std::string> bad = pool.spawn(shout_task, "bad");
    try {
        bad.get();
        FAIL();
    } catch (const RemoteError& e) {
        EXPECT_EQ(e.type(), "std::runtime_error");
        EXPECT_STREQ(e.what(), "cannot shout 'bad'");
        EXPECT_EQ(e.attempts(), 1u);
    }
    RemoteTask<int> nap = pool.spawn(nap_task, 20);
    EXPECT_EQ(nap.get(), 20);
    EXPECT_EQ(nap.get(), 20) << "again";
    EXPECT_EQ(nap.progress(), 0.5);
    pool.submit(add_task, 1, 2);
    EXPECT_EQ(pool.spawn(add_task, 5, 6).get(5s), 11);
    EXPECT_EQ(pool.backlog().consumers, 1u);
    client.close();
}

TENDRIL_TEST(RealPool, TQ56_ATaskOfAWorkerThatWasKilledRunsElsewhere) {
    const std::string name = fresh_name();
    Client client(RealBroker::get().url());
    Pool pool(client, name);
    Popen victim = start_worker(name);
    std::vector<int> naps(20, 300);
    auto results = pool.imap(nap_task, naps);
    RemoteTask<int> first = pool.spawn(nap_task, 300);
    while (!first.progress()) {
        sleep(5ms);
    }
    victim.kill();
    victim.wait();
    Popen other = start_worker(name);
    std::vector<int> got;
    for (int& nap : results) {
        got.push_back(nap);
    }
    EXPECT_EQ(got, naps) << "each once";
    EXPECT_EQ(first.get(10s), 300);
    end(other);
    client.close();
}

TENDRIL_TEST(RealPool, TQ56_TenThousandResultsComeOnceAndInOrderThoughAWorkerIsKilled) {
    constexpr int count = 10'000;
    const std::string name = fresh_name();
    Client client(RealBroker::get().url());
    Pool pool(client, name);
    Popen victim = start_worker(name);
    Popen other = start_worker(name);
    std::vector<std::tuple<int, int>> inputs;
    for (int i = 0; i < count; ++i) {
        inputs.emplace_back(i, 1);
    }
    int next = 0;
    for (int& sum : pool.starmap(add_task, inputs)) {
        ASSERT_EQ(sum, ++next);
        if (next == count / 3) {
            victim.kill();
        }
    }
    EXPECT_EQ(next, count);
    EXPECT_EQ(victim.wait(20s), -SIGKILL);
    end(other);
    client.close();
}

TENDRIL_TEST(RealPool, TQ56_ATaskThatKillsItsWorkersIsLostAtItsPlace) {
    const std::string name = fresh_name();
    Client client(RealBroker::get().url());
    Pool pool(client, name, {.queue = {.deliveries = 2}});
    Popen worker = start_worker(name, {"--processes", "2", "--concurrency", "1", "--deliveries", "2"});
    EXPECT_EQ(pool.spawn(shout_task, "first").get(20s), "FIRST");
    RemoteTask<void> poison = pool.spawn(die_task);
    EXPECT_THROW(poison.get(60s), TaskLost);
    EXPECT_EQ(pool.spawn(shout_task, "others go on").get(20s), "OTHERS GO ON");
    end(worker);
    client.close();
}

TENDRIL_TEST(RealPool, TQ57_SigtermDrains) {
    const std::string name = fresh_name();
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
    end(second);
    client.close();
}

TENDRIL_TEST(RealPool, TQ57_WhatRunsLongerThanTheDrainGoesBack) {
    const std::string name = fresh_name();
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

TENDRIL_TEST(RealPool, TQ57_OnceWorksOffWhatIsThereAndEnds) {
    const std::string name = fresh_name();
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

TENDRIL_TEST(RealPool, TQ58_ATaskThatThrewIsTriedAgain) {
    const std::string name = fresh_name();
    Client client(RealBroker::get().url());
    WorkerHere worker(name, {at_second_task});
    Pool pool(client, name);
    EXPECT_EQ(pool.spawn(at_second_task, "done").get(20s), "done at attempt 2");
    EXPECT_EQ(worker->stats().retried, 1u);
    client.close();
}

TENDRIL_TEST(RealPool, TQ58_AnImapThatIsDestroyedCancelsItsTasks) {
    const std::string name = fresh_name();
    Client client(RealBroker::get().url());
    WorkerHere worker(name, {nap_task}, {.concurrency = 2});
    Pool pool(client, name);
    {
        const std::vector<int> naps(10, 60'000);
        auto results = pool.imap(nap_task, naps);
        while (worker->stats().running < 2) {
            sleep(5ms);
        }
    }
    while (worker->stats().cancelled < 2 || worker->stats().running > 0 || pool.backlog().messages > 0) {
        sleep(5ms);
    }
    RemoteTask<int> alone = pool.spawn(nap_task, 60'000);
    while (!alone.progress()) {
        sleep(5ms);
    }
    alone.cancel();
    EXPECT_THROW(alone.get(), ShutDown);
    while (worker->stats().running > 0) {
        sleep(5ms);
    }
    client.close();
}

TENDRIL_TEST(RealPool, TQ58_WhoLostItsConnectionGetsTheResultsMadeMeanwhile) {
    const std::string name = fresh_name();
    tendril::testing::Relay relay(RealBroker::get().port());
    Client client("amqp://127.0.0.1:" + std::to_string(relay.port()), {.first_retry = 10ms});
    WorkerHere worker(name, {nap_task});
    Pool pool(client, name);
    std::vector<RemoteTask<int>> naps;
    for (int i = 0; i < 10; ++i) {
        naps.push_back(pool.spawn(nap_task, 100 + i));
    }
    relay.refuse(true);
    relay.reset();
    while (worker->stats().done < naps.size()) {
        sleep(5ms);
    }
    EXPECT_FALSE(client.connected());
    EXPECT_FALSE(naps[0].ready());
    relay.refuse(false);
    for (int i = 0; i < 10; ++i) {
        EXPECT_EQ(naps[i].get(20s), 100 + i);
    }
    EXPECT_EQ(pool.spawn(nap_task, 1).get(20s), 1);
    EXPECT_EQ(worker->stats().unwanted, 0u);
    client.close();
}

TENDRIL_TEST(RealPool, TQ58_AResultWhoseRequesterIsGoneIsCountedAndItsTaskAcked) {
    const std::string name = fresh_name();
    Client client(RealBroker::get().url());
    {
        WorkerHere worker(name, {nap_task});
        {
            Pool pool(client, name);
            pool.spawn(nap_task, 300);
            while (worker->stats().running == 0) {
                sleep(5ms);
            }
        }
        while (worker->stats().unwanted == 0) {
            sleep(5ms);
        }
        EXPECT_EQ(worker->stats().done, 1u);
    }
    EXPECT_EQ(client.queue_info(name).messages, 0u) << "it is not there for another worker";
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

TENDRIL_TEST(RealPool, TQ58_ATimeLimitAndAllThatATaskMayThrowAreErrors) {
    constexpr Task limited("limited", nap_for_ever, {.limit = 20ms});
    constexpr Task own_limit("own_limit", wait_too_long);
    constexpr Task number("number", throw_a_number);
    const std::string name = fresh_name();
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

TENDRIL_TEST(RealPool, AWorkerThatIsBlockedForLongSaysSo) {
    constexpr Task gated("gated", wait_at_gate);
    Event opened;
    gate = &opened;
    Event blocked;
    int calls = 0;
    const std::string name = fresh_name();
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

TENDRIL_TEST(RealPool, TQ54_ArgumentsThatDoNotFitGoToTheDeadAndTheNextIsServed) {
    const std::string name = fresh_name();
    Client client(RealBroker::get().url());
    WorkerHere worker(name, {add_task});
    Pool pool(client, name);
    constexpr Task wrong("add", testing::shout);
    try {
        pool.spawn(wrong, "text").get(10s);
        FAIL();
    } catch (const RemoteError& e) {
        EXPECT_EQ(e.type(), "tendril::amqp::DecodeError");
    }
    EXPECT_EQ(pool.spawn(add_task, 1, 2).get(10s), 3);
    EXPECT_EQ(client.consumer(name + ".dead").get(10s).body(), "text");
    client.close();
}

#ifdef TENDRIL_TASK_MODULE
TENDRIL_TEST(RealPool, TQ57_TheProgramRunsTasksOfALibrary) {
    const std::string name = fresh_name();
    Client client(RealBroker::get().url());
    Pool pool(client, name);
    const CompletedProcess listed = run({TENDRIL_WORKER_PROGRAM, "--load", TENDRIL_TASK_MODULE, "--list"});
    EXPECT_EQ(listed.out, "shout\nnap\n");
    Popen worker({TENDRIL_WORKER_PROGRAM, "--load", TENDRIL_TASK_MODULE, "--queue", name},
                 {.add_env = {{"TENDRIL_WORKER_URL", RealBroker::get().url()}}});
    EXPECT_EQ(pool.spawn(shout_task, "hello").get(20s), "HELLO");
    EXPECT_EQ(pool.spawn(nap_task, 10).get(20s), 10) << "it sleeps in the program's hub";
    end(worker);
    EXPECT_EQ(run({TENDRIL_WORKER_PROGRAM, "--load", "/nowhere.so"}).returncode, 2);
    client.close();
}
#endif

}  // namespace
}  // namespace tendril::amqp
