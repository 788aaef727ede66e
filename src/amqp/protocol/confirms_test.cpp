// SPDX-License-Identifier: MIT
//
// TQ24: every message is settled once and rightly, however the broker's word comes.

#include "amqp/protocol/confirms.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <random>
#include <string>
#include <vector>

#include <tendril/amqp/error.hpp>

namespace tendril::amqp::detail {
namespace {

struct Counter final : Confirms::Listener {
    int told = 0;
    void slots_settled() noexcept override { ++told; }
};

std::exception_ptr unroutable() {
    return std::make_exception_ptr(Unroutable(312, "NO_ROUTE", "orders", "key"));
}

// Messages 1 to n, sent, and what became of each: "a" acked, "n" nacked, "r" returned, "f" failed, "." open.
struct Sent {
    Counter counter;
    Confirms confirms{&counter};
    std::vector<Slot*> slots;

    explicit Sent(std::size_t n) { send(n); }
    ~Sent() {
        for (Slot* each : slots) {
            each->release();
        }
    }
    void send(std::size_t n) {
        for (std::size_t i = 0; i < n; ++i) {
            add();
            confirms.sent();
        }
    }
    Slot& add() {
        Slot& slot = confirms.add();
        slot.hold();
        slot.mandatory = true;
        slot.fingerprint = slots.size() + 1;
        slots.push_back(&slot);
        return slot;
    }
    std::string fates() const {
        std::string all;
        for (const Slot* each : slots) {
            switch (each->state) {
            case Slot::State::open:
                all += '.';
                break;
            case Slot::State::acked:
                all += 'a';
                break;
            case Slot::State::nacked:
                all += 'n';
                break;
            case Slot::State::failed:
                try {
                    std::rethrow_exception(each->failure());
                } catch (const Unroutable&) {
                    all += 'r';
                } catch (const std::exception&) {
                    all += 'f';
                }
            }
        }
        return all;
    }
};

TEST(AmqpConfirms, SettlesOneAtATimeInAnyOrder) {
    Sent sent(4);
    EXPECT_TRUE(sent.confirms.acked(3, false));
    EXPECT_TRUE(sent.confirms.nacked(1, false));
    EXPECT_EQ(sent.fates(), "n.a.");
    EXPECT_EQ(sent.confirms.unsettled(), 2u);
    EXPECT_TRUE(sent.confirms.acked(2, false));
    EXPECT_TRUE(sent.confirms.acked(4, false));
    EXPECT_EQ(sent.fates(), "naaa");
    EXPECT_EQ(sent.confirms.unsettled(), 0u);
    EXPECT_EQ(sent.counter.told, 4);
}

TEST(AmqpConfirms, SettlesARunButNothingTwice) {
    Sent sent(6);
    EXPECT_TRUE(sent.confirms.nacked(2, false));
    EXPECT_TRUE(sent.confirms.acked(4, true));
    EXPECT_EQ(sent.fates(), "anaa..");
    EXPECT_EQ(sent.counter.told, 2) << "once for each frame";
    EXPECT_TRUE(sent.confirms.nacked(3, true)) << "a repetition is harmless";
    EXPECT_EQ(sent.fates(), "anaa..");
    EXPECT_TRUE(sent.confirms.nacked(0, true)) << "tag 0: all";
    EXPECT_EQ(sent.fates(), "anaann");
}

TEST(AmqpConfirms, RefusesTagsThatWereNeverGiven) {
    Sent sent(2);
    EXPECT_FALSE(sent.confirms.acked(3, false));
    EXPECT_FALSE(sent.confirms.acked(UINT64_MAX, true));
    EXPECT_FALSE(sent.confirms.nacked(0, false));
    sent.add();  // not sent yet
    EXPECT_FALSE(sent.confirms.acked(3, true));
    EXPECT_EQ(sent.fates(), "...");
    sent.confirms.remove_last();
    EXPECT_EQ(sent.confirms.unsettled(), 2u);
}

TEST(AmqpConfirms, AReturnDecidesAtItsAck) {
    Sent sent(5);
    sent.confirms.returned(2, unroutable());
    sent.confirms.returned(4, unroutable());
    EXPECT_EQ(sent.fates(), ".....");
    EXPECT_TRUE(sent.confirms.acked(5, true));
    EXPECT_EQ(sent.fates(), "arara");
}

TEST(AmqpConfirms, ReturnsOfMessagesThatAreAlikeGoInOrder) {
    Sent sent(4);
    for (Slot* each : sent.slots) {
        each->fingerprint = 7;
    }
    sent.slots[0]->mandatory = false;
    sent.confirms.returned(7, unroutable());
    sent.confirms.returned(7, unroutable());
    EXPECT_TRUE(sent.confirms.acked(4, true));
    EXPECT_EQ(sent.fates(), "arra");
}

TEST(AmqpConfirms, AReturnThatNoMessageMatchesIsNotLost) {
    Sent sent(2);
    sent.slots[0]->mandatory = false;
    sent.confirms.returned(99, unroutable());
    EXPECT_TRUE(sent.confirms.acked(2, true));
    EXPECT_EQ(sent.fates(), "ar");
}

TEST(AmqpConfirms, ANewChannelBeginsWithWhatIsOpen) {
    Sent sent(5);
    EXPECT_TRUE(sent.confirms.acked(1, false));
    EXPECT_TRUE(sent.confirms.acked(3, false));
    sent.confirms.begin_again();
    EXPECT_EQ(sent.confirms.unsent(), 3u);
    sent.add();
    std::vector<std::uint64_t> numbers;
    while (Slot* next = sent.confirms.next_unsent()) {
        numbers.push_back(next->number);
        sent.confirms.sent();
    }
    EXPECT_EQ(numbers, (std::vector<std::uint64_t>{2, 4, 5, 6}));
    EXPECT_TRUE(sent.confirms.acked(2, false));
    EXPECT_EQ(sent.fates(), "a.aa..");
    EXPECT_FALSE(sent.confirms.settled_through(2));
    EXPECT_TRUE(sent.confirms.acked(1, false));
    EXPECT_TRUE(sent.confirms.settled_through(4));
    EXPECT_FALSE(sent.confirms.settled_through(5));
}

TEST(AmqpConfirms, AChannelsErrorFailsWhatWasSent) {
    Sent sent(3);
    sent.confirms.returned(1, unroutable());
    sent.add();
    sent.confirms.fail_sent(std::make_exception_ptr(std::runtime_error("gone")));
    EXPECT_EQ(sent.fates(), "rff.") << "what came back is known";
    EXPECT_EQ(sent.confirms.unsent(), 1u);
    sent.confirms.begin_again();
    sent.confirms.sent();
    EXPECT_TRUE(sent.confirms.acked(1, false));
    EXPECT_EQ(sent.fates(), "rffa");
}

TEST(AmqpConfirms, OneThatCannotBeSentAgainLeavesNoGap) {
    Sent sent(3);
    sent.confirms.begin_again();
    sent.confirms.sent();
    sent.confirms.fail_unsent(std::make_exception_ptr(std::runtime_error("too long")));
    sent.confirms.sent();
    EXPECT_EQ(sent.confirms.unsent(), 0u);
    EXPECT_TRUE(sent.confirms.acked(2, false));
    EXPECT_EQ(sent.fates(), ".fa");
}

TEST(AmqpConfirms, TheFirstFailureIsToldOnce) {
    Sent sent(5);
    EXPECT_TRUE(sent.confirms.nacked(4, false));
    sent.confirms.returned(2, unroutable());
    EXPECT_TRUE(sent.confirms.acked(2, false));
    EXPECT_TRUE(sent.confirms.nacked(1, false));
    sent.slots[0]->told = true;  // by its Confirmation
    const std::exception_ptr first = sent.confirms.take_failure(3);
    EXPECT_THROW(std::rethrow_exception(first), Unroutable);
    EXPECT_EQ(sent.confirms.take_failure(3), nullptr);
    EXPECT_THROW(std::rethrow_exception(sent.confirms.take_failure(5)), Nacked);
    EXPECT_EQ(sent.confirms.take_failure(5), nullptr);
}

TEST(AmqpConfirms, TheEndSettlesWhatIsOpen) {
    std::vector<Confirmation> kept;
    {
        Confirms confirms;
        kept.push_back(confirms.add().confirmation());
        kept.push_back(confirms.settled_already().confirmation());
        EXPECT_FALSE(kept[0].ready());
    }
    ASSERT_TRUE(kept[0].ready());
    try {
        kept[0].get();
        FAIL() << "a message whose fate nobody knows";
    } catch (const Unconfirmed& error) {
        EXPECT_EQ(error.reason(), Unconfirmed::Reason::closed);
    }
    kept[1].get();
}

TEST(AmqpConfirms, FingerprintsTellMessagesApart) {
    const Message plain{.body = "text"};
    const std::uint64_t print = fingerprint_of("key", plain);
    EXPECT_EQ(print, fingerprint_of("key", plain));
    EXPECT_NE(print, fingerprint_of("yek", plain));
    EXPECT_NE(print, fingerprint_of("key", {.body = "tex"}));
    EXPECT_NE(print, fingerprint_of("key", {.body = "text", .properties = {.message_id = "1"}}));
    EXPECT_NE(print, fingerprint_of("key", {.body = "text", .properties = {.correlation_id = "1"}}));
}

// Against a plain list of what each message must have become.
TEST(AmqpConfirms, RandomOrders) {
    for (unsigned seed = 0; seed < 200; ++seed) {
        std::mt19937 random(seed);
        const auto below = [&random](std::size_t n) { return random() % n; };
        Sent sent(0);
        std::string wanted;
        std::vector<std::size_t> tags;  // of this channel: the place in `wanted`
        std::vector<bool> returned;
        std::size_t returns_from = 0;
        const auto open = [&](std::size_t tag) { return wanted[tags[tag]] == '.'; };
        for (int step = 0; step < 300; ++step) {
            const std::size_t what = below(20);
            if (what < 10 || tags.empty()) {
                sent.send(1);
                tags.push_back(wanted.size());
                returned.push_back(false);
                wanted += '.';
            } else if (what < 17) {
                const std::size_t tag = below(tags.size());
                const bool multiple = below(3) == 0;
                const bool good = below(4) != 0;
                EXPECT_TRUE(good ? sent.confirms.acked(tag + 1, multiple) : sent.confirms.nacked(tag + 1, multiple));
                for (std::size_t i = multiple ? 0 : tag; i <= tag; ++i) {
                    if (open(i)) {
                        wanted[tags[i]] = returned[i] ? 'r' : good ? 'a' : 'n';
                    }
                }
            } else if (what < 19) {
                const std::size_t tag = returns_from + below(tags.size() - returns_from + 1);
                if (tag < tags.size() && open(tag)) {
                    sent.confirms.returned(sent.slots[tags[tag]]->fingerprint, unroutable());
                    returned[tag] = true;
                    returns_from = tag + 1;
                }
            } else {
                sent.confirms.begin_again();
                std::vector<std::size_t> again;
                for (std::size_t i = 0; i < tags.size(); ++i) {
                    if (open(i)) {
                        again.push_back(tags[i]);
                        sent.confirms.sent();
                    }
                }
                tags = again;
                returned.assign(tags.size(), false);
                returns_from = 0;
            }
            ASSERT_EQ(sent.fates(), wanted) << "seed " << seed << ", step " << step;
            ASSERT_EQ(sent.confirms.unsettled(),
                      static_cast<std::size_t>(std::count(wanted.begin(), wanted.end(), '.')));
        }
    }
}

}  // namespace
}  // namespace tendril::amqp::detail
