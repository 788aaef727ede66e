// SPDX-License-Identifier: MIT
//
// A Publisher with random kills, deadlines, acks, nacks, returns and losses: every publish() ends as the broker said,
// or as a kill or deadline may; nothing is left. TQ24, TQ26, TQ27, TQ28, TQ30.

#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <mutex>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <tendril/amqp/client.hpp>
#include <tendril/amqp/error.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/group.hpp>
#include <tendril/lock.hpp>

#include "client_peers.hpp"
#include "green_test.hpp"

namespace tendril::amqp {
namespace {

using namespace std::chrono_literals;
using testing::ClientPeers;
using testing::FakePeer;
using testing::Published;
namespace method = testing::method;

struct Chaos {
    std::mt19937 random;
    ClientPeers peers;
    std::map<std::string, std::string> said;  // of each message: a letter for each word of the broker's
    Lock saying;     // a send may yield: what is noted first must be sent first, and a return before the ack
    int lives = 12;  // connections; the last one stays

    explicit Chaos(unsigned seed) : random(seed) {}

    std::size_t below(std::size_t n) { return random() % n; }

    // The broker's end of all publishing connections.
    void serve() {
        for (;;) {
            FakePeer p = peers.accept_publishing();
            try {
                --lives;
                p.open_channel(1);
                p.select_confirms(1);
                serve(p);
            } catch (const std::exception&) {  // the client went
                return;
            }
        }
    }
    void serve(FakePeer& p) {
        std::vector<std::string> open;  // by tag; empty: settled
        Group late;
        late.spawn_n([&] {  // the word on those that were passed over
            for (;;) {
                sleep(1ms);
                if (!open.empty()) {
                    settle(p, open, open.size(), true);
                }
            }
        });
        for (std::size_t until_loss = lives > 0 ? 1 + below(30) : SIZE_MAX; until_loss > 0; --until_loss) {
            const Published came = p.expect_publish(1);
            {
                const std::scoped_lock in_order(saying);
                open.push_back(came.routing_key);
                if (below(8) == 0) {
                    said[came.routing_key] += 'r';
                    p.send(1, method::BasicReturn{312, "NO_ROUTE", came.exchange, came.routing_key}, came.message);
                }
            }
            if (until_loss > 1 && below(2) == 0) {
                settle(p, open, 1 + below(open.size()), below(3) == 0);
            }
        }
        late.kill();
        p.hang_up();
    }
    void settle(FakePeer& p, std::vector<std::string>& open, std::size_t tag, bool multiple) {
        const std::scoped_lock in_order(saying);
        const bool good = below(5) != 0;
        for (std::size_t i = multiple ? 0 : tag - 1; i < tag; ++i) {
            if (!open[i].empty()) {
                said[std::exchange(open[i], "")] += good ? 'a' : 'n';
            }
        }
        if (good) {
            p.send(1, method::BasicAck{tag, multiple});
        } else {
            p.send(1, method::BasicNack{.delivery_tag = tag, .multiple = multiple});
        }
    }
    bool has(const std::string& key, char word) const {
        const auto at = said.find(key);
        return at != said.end() && at->second.find(word) != std::string::npos;
    }
};

void publish(Chaos& chaos, Publisher& publisher, const std::string& key) {
    try {
        publisher.publish(key, key,
                          chaos.below(6) == 0 ? Deadline(std::chrono::microseconds(chaos.below(2000))) : never);
        EXPECT_TRUE(chaos.has(key, 'a')) << key;
    } catch (const Nacked&) {
        EXPECT_TRUE(chaos.has(key, 'n')) << key;
    } catch (const Unroutable& error) {
        EXPECT_EQ(error.routing_key(), key);
        EXPECT_TRUE(chaos.has(key, 'r')) << key;
    } catch (const Unconfirmed& error) {
        EXPECT_EQ(error.reason(), Unconfirmed::Reason::deadline);
    } catch (const TimeoutError&) {
    }
}

TENDRIL_TEST(AmqpPublisher, RandomKillsWordsAndLosses) {
    for (unsigned seed = 0; seed < 8; ++seed) {
        Chaos chaos(seed);
        Publisher publisher = chaos.peers.client->publisher("orders", {.window = 1 + chaos.below(20)});
        auto broker = spawn([&] { chaos.serve(); });
        std::vector<AnyGreenlet> callers;
        for (int i = 0; i < 20; ++i) {
            callers.push_back(spawn([&, i] {
                for (int j = 0; j < 15; ++j) {
                    publish(chaos, publisher, std::to_string(seed) + "." + std::to_string(i) + "." + std::to_string(j));
                }
            }));
        }
        for (int i = 0; i < 6; ++i) {
            for (std::size_t n = chaos.below(40); n > 0; --n) {
                yield();
            }
            callers[chaos.below(callers.size())].kill();
        }
        join_all(callers);
        try {
            publisher.flush();
        } catch (const std::exception&) {  // of those whose caller did not wait for the end
        }
        EXPECT_EQ(publisher.unsettled(), 0u);
        broker.kill();
    }
}

}  // namespace
}  // namespace tendril::amqp
