// SPDX-License-Identifier: MIT
//
// Connection, against RabbitMQ: its login, TLS, limits and ends. Rows of ../shared/amqp-rows.md by their ids.

#include <tendril/amqp/connection.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <string>

#include <tendril/amqp/error.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/timeout.hpp>

#include "green_test.hpp"
#include "real_broker.hpp"
#include "relay.hpp"

namespace tendril::amqp {
namespace {

using namespace std::chrono_literals;
using testing::RealBroker;

RealBroker& broker() {
    return RealBroker::get();
}

std::string url_of(std::uint16_t port, std::string_view rest) {
    return "amqp://127.0.0.1:" + std::to_string(port) + std::string(rest);
}

TENDRIL_TEST(RealConnection, TQ07_ARefusedLoginIsAnAuthErrorWithTheBrokersWords) {
    try {
        connect("amqp://guest:wrong-secret@127.0.0.1:" + std::to_string(broker().port()));
        FAIL() << "connected";
    } catch (const AuthError& error) {
        EXPECT_EQ(error.code(), 403);
        EXPECT_NE(error.text().find("ACCESS_REFUSED"), std::string::npos) << error.text();
        EXPECT_EQ(std::string(error.what()).find("wrong-secret"), std::string::npos) << error.what();
    }
}

TENDRIL_TEST(RealConnection, TQ08_TheSmallerOfBothLimitsIsTaken) {
    Connection connection =
        connect(broker().url(), {.heartbeat = 10s, .channel_max = 7, .frame_max = 16 * 1024, .client_properties = {}});
    EXPECT_EQ(connection.channel_max(), 7);
    EXPECT_EQ(connection.frame_max(), 16u * 1024);
    EXPECT_EQ(connection.heartbeat(), Duration(10s));
    EXPECT_EQ(connection.server_properties().get<std::string>("product"), "RabbitMQ");
    connection.close();

    Connection without = connect(broker().url() + "/%2f?heartbeat=0");
    EXPECT_EQ(without.heartbeat(), Duration(0s));
    without.close();
}

TENDRIL_TEST(RealConnection, TQ10_ASilentBrokerIsNoticed) {
    Connection connection = connect(broker().url(), {.heartbeat = 1s});
    Channel channel = connection.open_channel();
    broker().pause();
    auto waits = spawn([&] { channel.declare_queue("", {.exclusive = true}); });
    waits.join();
    broker().resume();
    EXPECT_THROW(waits.get(), ConnectionLost);
    EXPECT_FALSE(connection.is_open());
    EXPECT_THROW(channel.declare_queue("", {.exclusive = true}), ConnectionLost);
}

TENDRIL_TEST(RealConnection, TQ15_CloseSendsWhatWasPublished) {
    const std::string queue = "tq15";
    Connection watcher = connect(broker().url());
    Channel watch = watcher.open_channel();
    watch.declare_queue(queue);
    watch.purge_queue(queue);
    {
        Connection connection = connect(broker().url());
        Channel channel = connection.open_channel();
        for (int i = 0; i < 5000; ++i) {
            channel.publish("", queue, {.body = std::string(1000, 'x')});
        }
        connection.close(30s);
    }
    EXPECT_EQ(watch.delete_queue(queue), 5000u);
    watcher.close();
}

TENDRIL_TEST(RealConnection, TQ15_CloseOfABlockedOneEndsAtItsDeadline) {
    Connection connection = connect(broker().url());
    Channel channel = connection.open_channel();
    channel.declare_queue("", {.exclusive = true});
    {
        RealBroker::LowMemory low;
        channel.publish("", "nowhere", {.body = "x"});
        while (!connection.blocked()) {
            sleep(5ms);
        }
        EXPECT_NE(connection.blocked_reason(), "");
        connection.close(100ms);
        EXPECT_FALSE(connection.is_open());
        low.end();
    }
}

TENDRIL_TEST(RealConnection, TQ16_TlsIsVerified) {
    const std::string tls = "amqps://localhost:" + std::to_string(broker().tls_port());
    const std::string trusts = "?cacertfile=" + broker().file("ca.crt");
    Connection connection = connect(tls + "/%2f" + trusts);
    connection.open_channel().close();
    connection.close();
    EXPECT_THROW(connect(tls), TlsError) << "an authority that nobody knows";
    EXPECT_THROW(connect(tls + "/%2f" + trusts + "&server_name_indication=example.org"), TlsError);
    Connection unverified = connect(tls + "/%2f?verify=verify_none");
    unverified.close();
}

TENDRIL_TEST(RealConnection, TQ16_ACertificateLogsInByExternal) {
    const std::string url = "amqps://localhost:" + std::to_string(broker().tls_port()) +
                            "/%2f?auth_mechanism=external&cacertfile=" + broker().file("ca.crt");
    Connection connection =
        connect(url + "&certfile=" + broker().file("client.crt") + "&keyfile=" + broker().file("client.key"));
    // The broker takes a user_id only when it is the login's.
    Channel channel = connection.open_channel();
    channel.select_confirms();
    channel.publish("", "nowhere", {.body = "x", .properties = {.user_id = "client"}}).get();
    connection.close();
    EXPECT_THROW(connect(url), AuthError) << "no certificate";
}

TENDRIL_TEST(RealConnection, ABrokersPortForTlsOrNotIsSaid) {
    EXPECT_THROW(connect("amqps://127.0.0.1:" + std::to_string(broker().port()) + "/%2f?verify=verify_none", {}, 10s),
                 std::system_error);
    EXPECT_ANY_THROW(connect(url_of(broker().tls_port(), ""), {}, 10s));
}

TENDRIL_TEST(RealConnection, TQ17_OpeningWaitsForAChannelThatIsFree) {
    Connection connection = connect(broker().url(), {.channel_max = 2});
    Channel first = connection.open_channel();
    Channel second = connection.open_channel();
    EXPECT_THROW(connection.open_channel(20ms), TimeoutError);
    auto third = spawn([&] { return connection.open_channel().number(); });
    yield();
    EXPECT_FALSE(third.ready());
    first.close();
    EXPECT_EQ(third.get(), 1);
    connection.close();
}

TENDRIL_TEST(RealConnection, TQ20_NoSuchVhostIsAConnectionError) {
    try {
        connect(broker().url() + "/nowhere");
        FAIL() << "connected";
    } catch (const AuthError& error) {
        FAIL() << error.what();
    } catch (const ConnectionError& error) {
        EXPECT_EQ(error.code(), 530);
        EXPECT_NE(std::string(error.what()).find("nowhere"), std::string::npos) << error.what();
    }
}

// Every byte of what the broker sends is once the last: connect() fails clearly or connects, and nothing is left.
TENDRIL_TEST(RealConnection, TQ12_AWireThatBreaksAtAnyByteOfTheLogin) {
    tendril::testing::Relay relay(broker().port());
    int connected = 0;
    for (std::size_t bytes = 0; connected == 0; bytes += 37) {
        relay.reset_after(SIZE_MAX, bytes);
        try {
            Connection connection = connect(url_of(relay.port(), ""), {}, 10s);
            ++connected;
        } catch (const ConnectionLost&) {
        } catch (const std::system_error&) {
        } catch (const AuthError&) {  // an end behind the login may be a refusal
        }
        ASSERT_LT(bytes, 4096u);
    }
    EXPECT_EQ(connected, 1);
}

TENDRIL_TEST(RealConnection, TQ12_AKillDuringTheLoginLeavesNothing) {
    for (int turns = 0; turns < 40; ++turns) {
        auto connects = spawn([] { connect(broker().url()).close(); });
        for (int i = 0; i < turns; ++i) {
            yield();
        }
        connects.kill();
        connects.join();
    }
}

TENDRIL_TEST(RealConnection, ASecretCanBeUpdated) {
    Connection connection = connect(broker().url());
    // Of RabbitMQ's own backend there is nothing to update: it says so, by an end of the connection.
    try {
        connection.update_secret("guest", "tested");
        connection.close();
    } catch (const ConnectionError& error) {
        EXPECT_EQ(error.code(), 530) << error.what();
    }
}

}  // namespace
}  // namespace tendril::amqp
