// SPDX-License-Identifier: MIT
//
// A RabbitMQ that is killed by SIGKILL and started again, under publishers and consumers that are killed too: what it
// confirmed is there. Rows of ../shared/amqp-rows.md by their ids.
//
// Five restarts on each of the four backends are twenty; `make amqp-soak` has more of them.

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <tendril/amqp/client.hpp>
#include <tendril/amqp/error.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/timeout.hpp>

#include "green_test.hpp"
#include "real_broker.hpp"

namespace tendril::amqp {
namespace {

using namespace std::chrono_literals;
using testing::RealBroker;

// On each backend.
int restarts() {
    constexpr int enough = 5;
    const char* more = std::getenv("TENDRIL_TEST_RESTARTS");
    return more != nullptr ? std::atoi(more) : enough;
}

ClientOptions impatient(const std::string& queue) {
    return {.topology = {.queues = {{queue}}}, .first_retry = 10ms, .longest_retry = 200ms};
}

// A broker that is killed within two seconds of queue.declare-ok may have forgotten the queue, and with it what it
// confirmed (docs/design/0023): has it write down what it knows.
void outlive_the_declaration(Client& client) {
    client.wait_connected();
    RealBroker::get().evaluate("disk_log:sync(latest_log)");
}

// Takes messages until all of `missing` have come. Returns: those that have not.
std::set<std::string> still_missing(Client& client, const std::string& queue, std::set<std::string> missing) {
    Consumer consumer = client.consumer(queue);
    try {
        while (!missing.empty()) {
            Delivery each = consumer.get(20s);
            missing.erase(each.body());
            each.ack();
        }
    } catch (const TimeoutError&) {  // no more come: lost, unless the queue has them
        ADD_FAILURE() << missing.size() << " have not come; the queue has " << client.queue_info(queue).messages;
    }
    consumer.close();
    return missing;
}

TENDRIL_TEST(RealRestart, TQ23_WhatWasTakenOverOutlivesTheBroker) {
    static bool done = false;
    if (std::exchange(done, true)) {
        return;  // on one backend, as each start of the broker takes seconds
    }
    const std::string queue = "restart.kept";
    std::set<std::string> taken;
    {
        Client client(RealBroker::get().url(), impatient(queue));
        outlive_the_declaration(client);
        Publisher publisher = client.publisher("");
        for (int i = 0; i < 100; ++i) {
            taken.insert(std::to_string(i));
            publisher.publish_later(queue, std::to_string(i));
        }
        publisher.flush();
        publisher.publish(queue, "last");
        taken.insert("last");
        RealBroker::get().kill();
    }
    RealBroker::get().start();
    Client client(RealBroker::get().url(), impatient(queue));
    EXPECT_EQ(client.queue_info(queue).messages, taken.size());
    EXPECT_EQ(still_missing(client, queue, taken), std::set<std::string>());
    client.remove_queue(queue);
    client.close();
}

// Publishers and consumers of one Client. Each runs in a green thread that anybody may kill at any time; another is
// then put in its place.
class Load {
public:
    explicit Load(std::string queue)
        : queue_(std::move(queue)), client_(RealBroker::get().url(), impatient(queue_)),
          shared_(client_.publisher("")) {
        outlive_the_declaration(client_);
        for (int i = 0; i < 3; ++i) {
            publishers_.push_back(&Load::publish_each);
            publishers_.push_back(&Load::publish_each_by_shared);
            publishers_.push_back(&Load::publish_many);
            consumers_.push_back(&Load::consume);
        }
        for (const Job job : publishers_) {
            publishing_.push_back(begin(job));
        }
        for (const Job job : consumers_) {
            consuming_.push_back(begin(job));
        }
    }

    std::size_t confirmed() const { return confirmed_.size(); }
    // Waits until that many are confirmed. Throws: why the Client has ended; the Timeout.
    void until_confirmed(std::size_t enough) {
        const Timeout limit(60s);
        while (confirmed() < enough) {
            client_.wait_connected();
            sleep(1ms);
        }
    }
    std::uint64_t losses() const { return client_.stats().losses; }

    void kill_one(std::mt19937& random) {
        const std::size_t at = random() % (publishing_.size() + consuming_.size());
        const bool publishes = at < publishing_.size();
        const std::size_t place = publishes ? at : at - publishing_.size();
        AnyGreenlet& victim = (publishes ? publishing_ : consuming_)[place];
        victim.kill();
        victim = begin((publishes ? publishers_ : consumers_)[place]);
    }

    // Returns: what was confirmed and never consumed.
    std::set<std::string> end() {
        over_ = true;
        EXPECT_EQ(join_all(publishing_, 60s), publishing_.size()) << "a publisher waits without end";
        kill_all(publishing_);
        shared_.flush();
        EXPECT_EQ(shared_.unsettled(), 0u);
        kill_all(consuming_);
        std::set<std::string> missing;
        for (const std::string& id : confirmed_) {
            if (!consumed_.contains(id)) {
                missing.insert(id);
            }
        }
        missing = still_missing(client_, queue_, std::move(missing));
        client_.remove_queue(queue_);
        client_.close();
        return missing;
    }

private:
    using Job = void (Load::*)();

    AnyGreenlet begin(Job job) {
        return spawn([this, job] { (this->*job)(); });
    }

    std::string next_id() { return std::to_string(last_id_++); }

    void publish_each_by(Publisher& publisher) {
        while (!over_) {
            const std::string id = next_id();
            publisher.publish(queue_, id);
            confirmed_.insert(id);
        }
    }
    void publish_each_by_shared() { publish_each_by(shared_); }
    void publish_each() {
        Publisher own = client_.publisher("", {.window = 2});
        publish_each_by(own);
    }
    void publish_many() {
        Publisher own = client_.publisher("", {.window = 50});
        while (!over_) {
            std::vector<std::string> ids;
            for (int i = 0; i < 100; ++i) {
                ids.push_back(next_id());
                own.publish_later(queue_, ids.back());
            }
            own.flush();
            confirmed_.insert(ids.begin(), ids.end());
        }
    }
    void consume() {
        Consumer consumer = client_.consumer(queue_, {.prefetch = 30});
        for (std::size_t i = 1;; ++i) {
            Delivery each = consumer.get();
            if (i % 10 == 0) {
                sleep(1ms);  // where a kill gives it back, and a loss makes its ack too late
            }
            if (each.ack()) {
                consumed_.insert(each.body());
            }
        }
    }

    std::string queue_;
    Client client_;
    Publisher shared_;
    std::vector<Job> publishers_;
    std::vector<Job> consumers_;
    std::vector<AnyGreenlet> publishing_;  // by the place of their job
    std::vector<AnyGreenlet> consuming_;
    int last_id_ = 0;
    bool over_ = false;
    std::set<std::string> confirmed_;
    std::set<std::string> consumed_;
};

TENDRIL_TEST(RealRestart, TQ30_TQ52_NothingConfirmedIsLostThoughAllAreKilled) {
    static unsigned backend = 0;
    std::mt19937 random(++backend);
    Load load("restart.load." + std::to_string(backend));
    auto killing = spawn([&] {
        for (;;) {
            sleep(std::chrono::milliseconds(random() % 20));
            load.kill_one(random);
        }
    });
    for (int i = 0; i < restarts(); ++i) {
        // At any time, the one at which all connect again among them; and at every other restart under full load.
        sleep(std::chrono::milliseconds(random() % 300));
        load.until_confirmed(load.confirmed() + (i % 2 == 0 ? 1 + random() % 500 : 0));
        RealBroker::get().kill();
        RealBroker::get().start();
    }
    killing.kill();
    load.until_confirmed(load.confirmed() + 1);
    EXPECT_GE(load.losses(), static_cast<std::uint64_t>(restarts()) / 2);
    EXPECT_EQ(load.end(), std::set<std::string>());
}

}  // namespace
}  // namespace tendril::amqp
