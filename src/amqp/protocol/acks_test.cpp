// SPDX-License-Identifier: MIT
//
// Acks: TQ36 and TQ37, pure: what the broker would understand is compared with what was settled.

#include "amqp/protocol/acks.hpp"

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <string>
#include <vector>

namespace tendril::amqp::detail {
namespace {

std::string flushed(Acks& acks) {
    std::string frames;
    acks.flush([&](std::uint64_t tag, bool multiple) {
        frames += (frames.empty() ? "" : " ") + std::to_string(tag) + (multiple ? "+" : "");
    });
    return frames;
}

Acks with(std::uint64_t last) {
    Acks acks;
    for (std::uint64_t tag = 1; tag <= last; ++tag) {
        acks.add(tag);
    }
    return acks;
}

TEST(Acks, ARunFromTheLowestIsOneFrame) {
    Acks acks = with(5);
    for (const std::uint64_t tag : {3, 1, 2}) {
        acks.ack(tag);
    }
    EXPECT_TRUE(acks.due());
    EXPECT_EQ(flushed(acks), "3+");
    EXPECT_FALSE(acks.due());
    acks.ack(4);
    EXPECT_EQ(flushed(acks), "4");
    EXPECT_EQ(acks.unsettled(), 1u);
    EXPECT_EQ(flushed(acks), "");
}

TEST(Acks, BehindAnUnsettledOneTheyGoSingly) {
    Acks acks = with(5);
    for (const std::uint64_t tag : {1, 3, 4}) {
        acks.ack(tag);
    }
    EXPECT_EQ(flushed(acks), "1 3 4");
    acks.ack(2);
    acks.ack(5);
    EXPECT_EQ(flushed(acks), "5+");
}

// The broker does not know the rejected one any more, and refuses a frame that names it.
TEST(Acks, NamesNoTagThatWasRejected) {
    Acks acks = with(4);
    acks.ack(1);
    acks.ack(2);
    acks.remove(3);
    EXPECT_EQ(flushed(acks), "2+");
    acks.remove(4);
    EXPECT_EQ(flushed(acks), "");
    EXPECT_EQ(acks.unsettled(), 0u);
}

TEST(Acks, KnowsWhatIsUnsettled) {
    Acks acks = with(3);
    acks.ack(2);
    acks.remove(3);
    EXPECT_TRUE(acks.unsettled(1));
    EXPECT_FALSE(acks.unsettled(2));
    EXPECT_FALSE(acks.unsettled(3));
    EXPECT_FALSE(acks.unsettled(4));
    EXPECT_EQ(flushed(acks), "2");
    acks.clear();
    EXPECT_FALSE(acks.unsettled(1));
}

// What RabbitMQ makes of the frames: a tag that it does not know is an error that ends the channel.
struct Broker {
    std::set<std::uint64_t> unacked;
    std::set<std::uint64_t> acked;

    void ack(std::uint64_t tag, bool multiple) {
        ASSERT_TRUE(unacked.contains(tag)) << "unknown delivery tag " << tag;
        for (auto at = unacked.begin(); at != unacked.end() && *at <= tag;) {
            if (multiple || *at == tag) {
                acked.insert(*at);
                at = unacked.erase(at);
            } else {
                ++at;
            }
        }
    }
};

TEST(Acks, RandomOrdersSettleWhatWasSettled) {
    std::minstd_rand random(1);
    for (int round = 0; round < 300; ++round) {
        Acks acks;
        Broker broker;
        std::set<std::uint64_t> acked;
        std::vector<std::uint64_t> held;
        std::uint64_t tag = 0;
        for (int step = 0; step < 400; ++step) {
            const auto what = random() % 10;
            if (what < 4) {
                tag += 1 + random() % 20 / 19;  // a no_ack delivery in between leaves a gap
                acks.add(tag);
                broker.unacked.insert(tag);
                held.push_back(tag);
            } else if (what < 9 && !held.empty()) {
                const std::size_t at = random() % std::min<std::size_t>(held.size(), 6);
                const std::uint64_t settled = held[at];
                held.erase(held.begin() + static_cast<std::ptrdiff_t>(at));
                ASSERT_TRUE(acks.unsettled(settled));
                if (what == 8) {
                    acks.remove(settled);
                    broker.unacked.erase(settled);
                } else {
                    acks.ack(settled);
                    acked.insert(settled);
                }
            } else {
                acks.flush([&](std::uint64_t t, bool multiple) { broker.ack(t, multiple); });
                ASSERT_EQ(broker.acked, acked);
                ASSERT_EQ(broker.unacked, std::set<std::uint64_t>(held.begin(), held.end()));
            }
            ASSERT_EQ(acks.unsettled(), held.size());
        }
    }
}

}  // namespace
}  // namespace tendril::amqp::detail
