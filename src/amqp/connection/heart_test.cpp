// SPDX-License-Identifier: MIT
//
// Heart alone, with intervals of milliseconds; and TQ09, TQ10 of a connection, whose shortest is a second.

#include "amqp/connection/heart.hpp"

#include <gtest/gtest.h>

#include <string>

#include <tendril/amqp/connection.hpp>
#include <tendril/amqp/error.hpp>
#include <tendril/event.hpp>
#include <tendril/greenlet.hpp>

#include "fake_broker.hpp"
#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril::amqp::detail {
namespace {

using testing::FakeBroker;
using testing::FakePeer;

struct Owner final : Heart::Owner {
    void beat() noexcept override {
        ++beats;
        if (hears) {
            heart.received();
        }
    }
    void silent() noexcept override {
        heart.stop();
        over.set();
    }
    bool may_be_unread() noexcept override {
        ++looks;
        return looks <= unread;
    }

    Heart heart{*this};
    int beats = 0;
    int looks = 0;
    int unread = 0;
    bool hears = false;
    Event over;
};

TENDRIL_TEST(AmqpHeart, BeatsUntilThePeerWasSilentForTwoIntervals) {
    Owner owner;
    const std::int64_t begun = Deadline::now_ns();
    owner.heart.start(Duration(20ms));
    EXPECT_TRUE(owner.over.wait(1min));  // the heart alone keeps no hub waiting
    EXPECT_GE(Deadline::now_ns() - begun, 40'000'000);
    EXPECT_GE(owner.beats, 1);
    EXPECT_EQ(owner.looks, 1);
}

// What lies unread in the socket has been said, though the hub has not had the time to read it.
TENDRIL_TEST(AmqpHeart, UnreadBytesAreNoSilence) {
    Owner owner;
    owner.unread = 2;
    const std::int64_t begun = Deadline::now_ns();
    owner.heart.start(Duration(10ms));
    EXPECT_TRUE(owner.over.wait(1min));  // the heart alone keeps no hub waiting
    EXPECT_GE(Deadline::now_ns() - begun, 60'000'000);
    EXPECT_EQ(owner.looks, 3);
}

TENDRIL_TEST(AmqpHeart, NoneWithoutAnInterval) {
    Owner owner;
    owner.heart.start(Duration());
    sleep(1ms);
    EXPECT_EQ(owner.beats, 0);
}

// One that says nothing, one that says nothing and reads nothing, and one that lives.
TENDRIL_TEST(AmqpHeart, ASilentBrokerIsLost) {
    FakeBroker broker;
    Event beaten;
    auto script = spawn([&] {
        FakePeer mute = broker.accept();
        FakePeer stuck = broker.accept();
        stuck.open_channel(1);
        FakePeer alive = broker.accept();
        for (int i = 0; i < 4; ++i) {
            alive.expect_heartbeat();
            alive.send_heartbeat();
        }
        beaten.set();
        mute.expect<testing::method::ChannelOpen>(1);
        mute.expect_end();
        EXPECT_GE(mute.heartbeats(), 2u);
        alive.close_connection();
    });
    const auto ended_by = [](auto call) {
        try {
            call();
            return std::error_code();
        } catch (const ConnectionLost& e) {
            return e.code();
        }
    };
    const ConnectionOptions options{.heartbeat = 1s, .send_buffer = 4096};
    Connection mute = connect(broker.url(), options);
    Connection stuck = connect(broker.url(), options);
    Channel channel = stuck.open_channel();
    auto publisher = spawn([&] {
        return ended_by([&] {
            for (const std::string much(1 << 20, 'x');;) {
                channel.publish("", "work", {.body = much});
            }
        });
    });
    auto opener = spawn([&] { return ended_by([&] { mute.open_channel(); }); });
    Connection alive = connect(broker.url(), options);
    EXPECT_EQ(opener.get(), std::errc::timed_out);
    EXPECT_EQ(publisher.get(), std::errc::timed_out);
    EXPECT_TRUE(alive.is_open());
    beaten.wait();
    alive.close();
    script.get();
}

}  // namespace
}  // namespace tendril::amqp::detail
