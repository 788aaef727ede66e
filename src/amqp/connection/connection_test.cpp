// SPDX-License-Identifier: MIT
//
// Connection, against a broker by script: TQ07, TQ08, TQ15, TQ17, TQ18, TQ20; its login, its calls, its ends.

#include <tendril/amqp/connection.hpp>

#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <optional>
#include <string>
#include <thread>
#include <typeinfo>

#include <tendril/amqp/error.hpp>
#include <tendril/event.hpp>
#include <tendril/fork.hpp>
#include <tendril/greenlet.hpp>

#include "base/report.hpp"
#include "fake_broker.hpp"
#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril::amqp {
namespace {

using testing::FakeBroker;
using testing::FakePeer;
using testing::FakeTerms;
namespace method = testing::method;

template <class E, class F>
std::string text_of(F f) {
    try {
        f();
        return "nothing was thrown";
    } catch (const E& e) {
        return e.what();
    }
}

TENDRIL_TEST(AmqpConnection, OpensAndCloses) {
    FakeBroker broker;
    auto script = spawn([&] {
        FakePeer peer = broker.accept({.channel_max = 100, .frame_max = 65536, .heartbeat = 20});
        peer.open_channel(1);
        peer.expect<method::QueueDeclare>(1);
        peer.send(1, method::QueueDeclareOk{"work", 3, 2});
        peer.close_channel(1);
        peer.close_connection();
    });
    Connection connection = connect(broker.url());
    EXPECT_EQ(connection.channel_max(), 100);
    EXPECT_EQ(connection.frame_max(), 65536u);
    EXPECT_EQ(connection.heartbeat(), Duration(20s));
    EXPECT_EQ(connection.server_properties().get<std::string>("product"), "FakeBroker");
    Channel channel = connection.open_channel();
    EXPECT_EQ(channel.number(), 1);
    const QueueInfo info = channel.declare_queue("work", {.durable = true});
    EXPECT_EQ(info.name, "work");
    EXPECT_EQ(info.messages, 3u);
    EXPECT_EQ(info.consumers, 2u);
    channel.close();
    channel.close();
    EXPECT_FALSE(channel.is_open());
    connection.close();
    connection.close();
    EXPECT_FALSE(connection.is_open());
    script.get();
    EXPECT_THROW(connection.open_channel(), ConnectionLost);
    EXPECT_THROW(channel.purge_queue("work"), ConnectionLost);
}

TENDRIL_TEST(AmqpConnection, TakesTheSmallerOfBothSidesLimits) {
    FakeBroker broker;
    auto script = spawn([&] {
        FakePeer peer = broker.accept_silently();
        peer.take_protocol_header();
        peer.send_start();
        peer.expect<method::ConnectionStartOk>(0);
        peer.send(0, method::ConnectionTune{0, 0, 0});
        const auto agreed = peer.expect<method::ConnectionTuneOk>(0);
        EXPECT_EQ(agreed.channel_max, 5);
        EXPECT_EQ(agreed.frame_max, 8192u);
        EXPECT_EQ(agreed.heartbeat, 7);
        peer.expect<method::ConnectionOpen>(0);
        peer.send(0, method::ConnectionOpenOk{});
        peer.close_connection();
    });
    Connection connection = connect(broker.url("?heartbeat=7"), {.channel_max = 5, .frame_max = 8192});
    EXPECT_EQ(connection.heartbeat(), Duration(7s));
    connection.close();
    script.get();
    EXPECT_THROW(connect(broker.url(), {.frame_max = 4096}), std::invalid_argument);
}

TENDRIL_TEST(AmqpConnection, SaysWhichVersionTheServerWants) {
    FakeBroker broker;
    auto script = spawn([&] {
        FakePeer peer = broker.accept_silently();
        peer.take_protocol_header();
        peer.send_raw(std::string_view("AMQP\0\1\0\0", 8));
        peer.hang_up();
    });
    EXPECT_EQ(text_of<ProtocolError>([&] { connect(broker.url()); }),
              "the server does not speak AMQP 0-9-1; it wants AMQP 1.0.0");
    script.get();
}

TENDRIL_TEST(AmqpConnection, ARefusedLoginIsAnAuthError) {
    FakeBroker broker;
    auto script = spawn([&] {
        FakePeer says = broker.accept_silently();
        says.take_protocol_header();
        says.send_start();
        says.expect<method::ConnectionStartOk>(0);
        says.send(0, method::ConnectionClose{403, "ACCESS_REFUSED - Login was refused", 0, 0});
        says.expect<method::ConnectionCloseOk>(0);
        says.expect_end();
        FakePeer hangs_up = broker.accept_silently();
        hangs_up.take_protocol_header();
        hangs_up.send_start();
        hangs_up.expect<method::ConnectionStartOk>(0);
        hangs_up.reset();
    });
    EXPECT_NE(text_of<AuthError>([&] { connect(broker.url()); }).find("ACCESS_REFUSED - Login was refused"),
              std::string::npos);
    EXPECT_THROW(connect(broker.url()), AuthError);
    script.get();
}

TENDRIL_TEST(AmqpConnection, TriesTheNextHostAndKeepsItsOptions) {
    FakeBroker broker;
    FakeBroker gone;
    const std::string both =
        gone.url().substr(std::string("amqp://").size()) + "," + broker.url().substr(std::string("amqp://").size());
    gone.close();
    for (int i = 0; i < 4; ++i) {  // whichever comes first
        auto script = spawn([&] { broker.accept().close_connection(); });
        connect("amqp://" + both).close();
        script.get();
    }
    EXPECT_THROW(connect(gone.url()), std::system_error);
}

// The deadline holds for the whole of it, at each of its waits; so does a kill. Then the broker sees the end.
TENDRIL_TEST(AmqpConnection, ConnectEndsAtItsDeadlineAndByAKill) {
    FakeBroker broker;
    for (int stage = 0; stage < 4; ++stage) {
        for (const bool kill : {false, true}) {
            Event silent;
            auto script = spawn([&, stage] {
                FakePeer peer = broker.accept_silently();
                peer.take_protocol_header();
                if (stage > 0) {
                    peer.send_start();
                    peer.expect<method::ConnectionStartOk>(0);
                }
                if (stage > 1) {
                    peer.send(0, method::ConnectionTune{10, 8192, 0});
                    peer.expect<method::ConnectionTuneOk>(0);
                    peer.expect<method::ConnectionOpen>(0);
                }
                if (stage > 2) {
                    peer.send_raw("\1\0");
                }
                silent.set();
                peer.expect_end();
            });
            auto caller = spawn([&] { amqp::connect(broker.url(), {}, kill ? never : Deadline(20ms)); });
            if (kill) {
                silent.wait();
                caller.kill();
            }
            caller.join();
            if (!kill) {
                EXPECT_THROW(caller.get(), TimeoutError);
            }
            script.get();
        }
    }
}

TENDRIL_TEST(AmqpConnection, CloseSendsWhatWasPublished) {
    FakeBroker broker;
    auto script = spawn([&] {
        FakePeer peer = broker.accept();
        peer.open_channel(1);
        for (int i = 0; i < 100; ++i) {
            EXPECT_EQ(peer.expect_publish(1).message.body, std::to_string(i));
        }
        peer.close_connection();
    });
    Connection connection = connect(broker.url());
    Channel channel = connection.open_channel();
    for (int i = 0; i < 100; ++i) {
        channel.publish("", "work", {.body = std::to_string(i)});
    }
    connection.close();
    script.get();
}

// The destructor sends what the socket takes at once, and does not wait.
TENDRIL_TEST(AmqpConnection, TheDestructorSaysGoodbye) {
    FakeBroker broker;
    auto script = spawn([&] {
        FakePeer peer = broker.accept();
        peer.open_channel(1);
        EXPECT_EQ(peer.expect_publish(1).message.body, "last");
        peer.expect<method::ChannelClose>(1);
        peer.expect<method::ConnectionClose>(0);
        peer.expect_end();
    });
    {
        Connection connection = connect(broker.url());
        Channel channel = connection.open_channel();
        channel.publish("", "work", {.body = "last"});
        Connection other = std::move(connection);
        connection = std::move(other);
    }
    script.get();
}

// Also when the writer is letting others append, as it does where there is much to send.
TENDRIL_TEST(AmqpConnection, TheDestructorSaysGoodbyeBehindAllThatWasAppended) {
    const std::string body(5000, 'b');
    for (int more = 0; more < 6; ++more) {
        FakeBroker broker;
        auto script = spawn([&] {
            FakePeer peer = broker.accept();
            peer.open_channel(1);
            for (int i = 0; i <= more; ++i) {
                EXPECT_EQ(peer.expect_publish(1).message.properties.type, std::to_string(i));
            }
            peer.expect<method::ChannelClose>(1);
            peer.expect<method::ConnectionClose>(0);
            peer.expect_end();
        });
        {
            Connection connection = connect(broker.url());
            Channel channel = connection.open_channel();
            for (int i = 0; i <= more; ++i) {
                if (i > 0) {
                    yield();
                }
                channel.publish("", "work", {.body = body, .properties = {.type = std::to_string(i)}});
            }
        }
        script.get();
    }
}

TENDRIL_TEST(AmqpConnection, CloseEndsAtItsDeadlineOnASilentBroker) {
    FakeBroker broker;
    auto script = spawn([&] {
        FakePeer peer = broker.accept();
        peer.open_channel(1);
        peer.send(0, method::ConnectionBlocked{"low on memory"});
        peer.expect_end();  // reads, and says nothing
    });
    Connection connection = connect(broker.url());
    Channel channel = connection.open_channel();
    auto caller = spawn([&] { channel.purge_queue("work"); });
    connection.close(20ms);
    EXPECT_FALSE(connection.is_open());
    EXPECT_THROW(caller.get(), ConnectionLost);
    script.get();
}

TENDRIL_TEST(AmqpConnection, AKillInCloseEndsItToo) {
    FakeBroker broker;
    Event closing;
    auto script = spawn([&] {
        FakePeer peer = broker.accept();
        peer.expect<method::ConnectionClose>(0);
        closing.set();
        peer.expect_end();
    });
    Connection connection = connect(broker.url());
    auto closer = spawn([&] { connection.close(); });
    closing.wait();
    closer.kill();
    EXPECT_FALSE(connection.is_open());
    script.get();
}

TENDRIL_TEST(AmqpConnection, WaitsForAFreeChannel) {
    FakeBroker broker;
    auto script = spawn([&] {
        FakePeer peer = broker.accept({.channel_max = 2});
        peer.open_channel(1);
        peer.open_channel(2);
        peer.close_channel(1);
        peer.open_channel(1);
        peer.close_connection();
    });
    Connection connection = connect(broker.url());
    Channel first = connection.open_channel();
    const Channel second = connection.open_channel();
    EXPECT_EQ(text_of<TimeoutError>([&] { connection.open_channel(0s); }).find("waiting for one of the 2 channels"),
              0u);
    auto waits = spawn([&] { return connection.open_channel(); });
    auto killed = spawn([&] { connection.open_channel(); });
    yield();
    killed.kill();
    first.close();
    const Channel next = std::move(waits).get();
    EXPECT_EQ(next.number(), 1);
    connection.close();
    script.get();
}

TENDRIL_TEST(AmqpConnectionThreads, RefusesOtherOsThreads) {
    FakeBroker broker;
    auto script = spawn([&] {
        FakePeer peer = broker.accept();
        peer.open_channel(1);
        peer.open_channel(2);
        peer.close_connection();
    });
    Connection connection = connect(broker.url());
    Channel channel = connection.open_channel();
    std::thread([&] {
        EXPECT_THROW(connection.open_channel(), WrongThread);
        EXPECT_THROW(connection.close(), WrongThread);
        EXPECT_THROW(channel.publish("", "work", {}), WrongThread);
        EXPECT_THROW(channel.get("work"), WrongThread);
    }).join();
    const Channel again = connection.open_channel();
    connection.close();
    script.get();
}

TENDRIL_TEST(AmqpConnection, AConnectionErrorReachesAllThatWait) {
    FakeBroker broker;
    auto script = spawn([&] {
        FakePeer peer = broker.accept();
        peer.open_channel(1);
        peer.open_channel(2);
        peer.expect<method::QueuePurge>(1);
        peer.expect<method::QueueDelete>(2);
        peer.send(0, method::ConnectionClose{320, "CONNECTION_FORCED - shutdown", 0, 0});
        peer.expect<method::ConnectionCloseOk>(0);
        peer.expect_end();
    });
    Connection connection = connect(broker.url());
    Channel one = connection.open_channel();
    Channel two = connection.open_channel();
    const auto ending = [](auto f) {
        try {
            f();
            return 0;
        } catch (const ConnectionError& e) {
            return e.code();
        }
    };
    auto purge = spawn([&] { return ending([&] { one.purge_queue("a"); }); });
    auto remove = spawn([&] { return ending([&] { two.delete_queue("b"); }); });
    EXPECT_EQ(purge.get() + remove.get(), 640);
    EXPECT_EQ(ending([&] { connection.open_channel(); }), 320);
    EXPECT_EQ(ending([&] { one.publish("", "a", {}); }), 320);
    script.get();
}

TENDRIL_TEST(AmqpConnection, IsLostWhenTheBrokerHangsUp) {
    FakeBroker broker;
    for (const bool reset : {false, true}) {
        auto script = spawn([&, reset] {
            FakePeer peer = broker.accept();
            peer.open_channel(1);
            peer.expect<method::QueuePurge>(1);
            reset ? peer.reset() : peer.hang_up();
        });
        Connection connection = connect(broker.url());
        Channel channel = connection.open_channel();
        try {
            channel.purge_queue("work");
            ADD_FAILURE() << "nothing was thrown";
        } catch (const ConnectionLost& e) {
            EXPECT_EQ(e.code(), std::errc::connection_reset) << e.what();
        }
        EXPECT_FALSE(channel.is_open());
        EXPECT_FALSE(connection.is_open());
        script.get();
    }
}

// What breaks the protocol ends the connection with a text, and the broker is told.
TENDRIL_TEST(AmqpConnection, ABreachOfTheProtocolEndsIt) {
    struct Breach {
        void (*does)(FakePeer&);
        std::string_view text;
    };
    const Breach breaches[] = {
        {[](FakePeer& p) { p.send(1, method::QueueDeclareOk{}); },
         "the broker sent queue.declare-ok where queue.purge-ok was due"},
        {[](FakePeer& p) { p.send(7, method::QueuePurgeOk{}); },
         "the broker sent a frame on channel 7, which is not open"},
        {[](FakePeer& p) { p.send(0, method::QueuePurgeOk{}); },
         "the broker sent queue.purge-ok, which nobody asked for"},
        {[](FakePeer& p) { p.send(1, method::ChannelCloseOk{}); },
         "the broker sent channel.close-ok, which nobody asked for"},
        {[](FakePeer& p) { p.send(1, method::ConfirmSelectOk{}); },
         "the broker sent confirm.select-ok where queue.purge-ok was due"},
        {[](FakePeer& p) { p.send_raw(std::string_view("\1\0\1\0\0\0\0\1", 8)); }, ""},
        {[](FakePeer& p) { p.send_raw(std::string_view("\2\0\1\0\0\0\0\xce", 8)); }, ""},
        {[](FakePeer& p) { p.send_raw(std::string_view("\3\0\1\0\0\0\1x\xce", 9)); }, ""},
        {[](FakePeer& p) { p.send_raw(std::string_view("\1\0\1\x7f\xff\xff\xff", 7)); }, ""},
        {[](FakePeer& p) {
             p.deliver(1, "nobody", 5, {.body = "a"});
             p.deliver(1, "nobody", 5, {.body = "b"});
         },
         "the broker sent the delivery tag 5 after 5"},
    };
    for (const Breach& breach : breaches) {
        FakeBroker broker;
        auto script = spawn([&] {
            FakePeer peer = broker.accept();
            peer.open_channel(1);
            peer.expect<method::QueuePurge>(1);
            breach.does(peer);
            if (breach.text.ends_with("after 5")) {
                peer.expect<method::BasicReject>(1);
            }
            EXPECT_NE(peer.expect<method::ConnectionClose>(0).reply_code, 200);
            peer.expect_end();
        });
        Connection connection = connect(broker.url());
        Channel channel = connection.open_channel();
        const std::string text = text_of<ProtocolError>([&] { channel.purge_queue("work"); });
        EXPECT_TRUE(breach.text.empty() || text == breach.text) << text;
        script.get();
    }
}

// The child says nothing on its parent's connection, which goes on.
TENDRIL_TEST(AmqpConnection, IsTheParentsAfterAFork) {
    FakeBroker broker;
    auto script = spawn([&] {
        FakePeer peer = broker.accept();
        peer.open_channel(1);
        peer.expect<method::QueuePurge>(1);
        peer.send(1, method::QueuePurgeOk{5});
        peer.close_connection();
    });
    std::optional<Connection> connection = connect(broker.url());
    std::optional<Channel> channel = connection->open_channel();
    const pid_t child = tendril::fork();
    if (child == 0) {
        int status = 1;
        try {
            channel->purge_queue("q");
        } catch (const ConnectionLost&) {
            status = 0;
        }
        channel.reset();
        connection.reset();
        ::_exit(status);
    }
    int status = -1;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
    EXPECT_EQ(channel->purge_queue("q"), 5u);
    connection->close();
    script.get();
}

TENDRIL_TEST(AmqpConnection, RenewsItsSecret) {
    FakeBroker broker;
    auto script = spawn([&] {
        FakePeer peer = broker.accept();
        const auto update = peer.expect<method::ConnectionUpdateSecret>(0);
        EXPECT_EQ(update.new_secret, "token");
        EXPECT_EQ(update.reason, "it ran out");
        peer.send(0, method::ConnectionUpdateSecretOk{});
        peer.close_connection();
    });
    Connection connection = connect(broker.url());
    connection.update_secret("token", "it ran out");
    connection.close();
    script.get();
}

}  // namespace
}  // namespace tendril::amqp
