// SPDX-License-Identifier: MIT
//
// Pool, against RabbitMQ. Rows of ../shared/amqp-rows.md by their ids.

#include <tendril/amqp/pool.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <list>
#include <string>
#include <tuple>
#include <vector>

#include <tendril/greenlet.hpp>
#include <tendril/pool.hpp>
#include <tendril/process.hpp>

#include "green_test.hpp"
#include "real_broker.hpp"
#include "relay.hpp"
#include "tasks.hpp"
#include "workers.hpp"

namespace tendril::amqp {
namespace {

using namespace std::chrono_literals;
using testing::add_task;
using testing::at_second_task;
using testing::die_task;
using testing::end_worker;
using testing::fresh_pool;
using testing::nap_task;
using testing::RealBroker;
using testing::shout_task;
using testing::start_worker;
using testing::WorkerHere;

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
    const std::string name = fresh_pool();
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
        end_worker(worker);
    }
    client.close();
}

TENDRIL_TEST(RealPool, TQ55_OtherWaysToCall) {
    const std::string name = fresh_pool();
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
    const std::string name = fresh_pool();
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
    end_worker(other);
    client.close();
}

TENDRIL_TEST(RealPool, TQ56_TenThousandResultsComeOnceAndInOrderThoughAWorkerIsKilled) {
    constexpr int count = 10'000;
    const std::string name = fresh_pool();
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
    end_worker(other);
    client.close();
}

TENDRIL_TEST(RealPool, TQ56_ATaskThatKillsItsWorkersIsLostAtItsPlace) {
    const std::string name = fresh_pool();
    Client client(RealBroker::get().url());
    Pool pool(client, name, {.queue = {.deliveries = 2}});
    Popen worker = start_worker(name, {"--processes", "2", "--concurrency", "1", "--deliveries", "2"});
    EXPECT_EQ(pool.spawn(shout_task, "first").get(20s), "FIRST");
    RemoteTask<void> poison = pool.spawn(die_task);
    EXPECT_THROW(poison.get(60s), TaskLost);
    EXPECT_EQ(pool.spawn(shout_task, "others go on").get(20s), "OTHERS GO ON");
    end_worker(worker);
    client.close();
}

TENDRIL_TEST(RealPool, TQ58_ATaskThatThrewIsTriedAgain) {
    const std::string name = fresh_pool();
    Client client(RealBroker::get().url());
    WorkerHere worker(name, {at_second_task});
    Pool pool(client, name);
    EXPECT_EQ(pool.spawn(at_second_task, "done").get(20s), "done at attempt 2");
    EXPECT_EQ(worker->stats().retried, 1u);
    client.close();
}

TENDRIL_TEST(RealPool, TQ58_AnImapThatIsDestroyedCancelsItsTasks) {
    const std::string name = fresh_pool();
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
    const std::string name = fresh_pool();
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
    const std::string name = fresh_pool();
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

TENDRIL_TEST(RealPool, TQ54_ArgumentsThatDoNotFitGoToTheDeadAndTheNextIsServed) {
    const std::string name = fresh_pool();
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

TENDRIL_TEST(RealPool, ABarIsForTerminals) {
    const std::string name = fresh_pool();
    Popen worker = start_worker(name);
    const std::vector<std::string> argv{TENDRIL_AMQP_BAR, RealBroker::get().url(), name};
    Popen program(argv, {.terminal = TerminalSize{60, 24}});
    std::string text;
    for (std::string buffer(4096, '\0'); const std::size_t n = program.terminal().recv(buffer);) {
        text.append(buffer, 0, n);
    }
    EXPECT_EQ(program.wait(20s), 0);
    EXPECT_TRUE(text.starts_with("\r" + name + "  [")) << text;
    EXPECT_NE(text.find("#]  100 %  5/5  "), std::string::npos) << text;
    EXPECT_EQ(text.find('\n'), text.size() - 1) << text;
    const CompletedProcess elsewhere = run(argv, {.deadline = 20s});
    EXPECT_EQ(elsewhere.returncode, 0);
    EXPECT_EQ(elsewhere.err, "");
    end_worker(worker);
}

}  // namespace
}  // namespace tendril::amqp
