// SPDX-License-Identifier: MIT

#include "amqp/protocol/handshake.hpp"

#include <gtest/gtest.h>

#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <tendril/amqp/error.hpp>

#include "amqp/protocol/frame_reader.hpp"
#include "amqp/protocol/methods.hpp"
#include "amqp/protocol/wire.hpp"

namespace tendril::amqp::detail {
namespace {

using namespace std::literals;

template <class M>
std::string payload_of(const M& m) {
    std::string out;
    append_method(out, 0, m);
    return out.substr(frame_head, out.size() - frame_overhead);
}

// The payloads of the frames.
std::vector<std::string> sent(std::string_view bytes) {
    FrameReader reader;
    bytes.copy(reader.room().data(), bytes.size());
    reader.filled(bytes.size());
    std::vector<std::string> payloads;
    while (const auto frame = reader.next()) {
        EXPECT_EQ(frame->channel, 0);
        payloads.emplace_back(frame->payload);
    }
    return payloads;
}

const method::ConnectionStart start{.version_major = 0,
                                    .version_minor = 9,
                                    .server_properties = {{"product", "RabbitMQ"}},
                                    .mechanisms = "AMQPLAIN PLAIN EXTERNAL",
                                    .locales = "en_US"};
const method::ConnectionTune tune{.channel_max = 100, .frame_max = 131072, .heartbeat = 60};
const method::ConnectionClose close_access{.reply_code = 403, .reply_text = "ACCESS_REFUSED - Login was refused"};
const method::ConnectionClose close_vhost{
    .reply_code = 530, .reply_text = "NOT_ALLOWED - vhost v not found", .class_id = 10, .method_id = 40};

HandshakeOptions options() {
    return {.user = "me", .password = "secret", .vhost = "v", .name = "test"};
}

method::ConnectionTuneOk tuned(HandshakeOptions ours, const method::ConnectionTune& theirs) {
    Handshake handshake(std::move(ours));
    std::string out;
    handshake.take(payload_of(start), out);
    out.clear();
    handshake.take(payload_of(theirs), out);
    const auto answers = sent(out);
    const auto ok = decode_method<method::ConnectionTuneOk>(answers.at(0));
    EXPECT_EQ(payload_of(ok), payload_of(handshake.agreed()));
    return ok;
}

TEST(AmqpHandshake, OpensAConnection) {
    Handshake handshake(options());
    std::string out;
    handshake.begin(out);
    EXPECT_EQ(out, "AMQP\0\0\x09\x01"sv);
    out.clear();
    EXPECT_EQ(handshake.hung_up(), nullptr);
    EXPECT_FALSE(handshake.take(payload_of(start), out));
    const auto login = sent(out);
    ASSERT_EQ(login.size(), 1u);
    const auto ok = decode_method<method::ConnectionStartOk>(login[0]);
    EXPECT_EQ(ok.mechanism, "PLAIN");
    EXPECT_EQ(ok.response, "\0me\0secret"sv);
    EXPECT_EQ(ok.client_properties.get<std::string>("connection_name"), "test");
    const auto capabilities = ok.client_properties.get<Table>("capabilities");
    ASSERT_TRUE(capabilities);
    for (const char* name : {"authentication_failure_close", "consumer_cancel_notify", "connection.blocked",
                             "basic.nack", "publisher_confirms", "exchange_exchange_bindings", "per_consumer_qos"}) {
        EXPECT_EQ(capabilities->get<bool>(name), true) << name;
    }
    out.clear();
    EXPECT_FALSE(handshake.take(payload_of(tune), out));
    const auto answers = sent(out);
    ASSERT_EQ(answers.size(), 2u);
    EXPECT_EQ(decode_method<method::ConnectionOpen>(answers[1]).virtual_host, "v");
    out.clear();
    EXPECT_EQ(handshake.hung_up(), nullptr);
    EXPECT_TRUE(handshake.take(payload_of(method::ConnectionOpenOk{}), out));
    EXPECT_EQ(out, "");
    EXPECT_EQ(handshake.server_properties(), start.server_properties);
    EXPECT_THROW(handshake.take(payload_of(tune), out), std::logic_error);
}

TEST(AmqpHandshake, TQ08_TheSmallerOfBothHolds) {
    auto ok = tuned(options(), {.channel_max = 100, .frame_max = 10'000, .heartbeat = 7});
    EXPECT_EQ(ok.channel_max, 100);
    EXPECT_EQ(ok.frame_max, 10'000u);
    EXPECT_EQ(ok.heartbeat, 7);
    ok = tuned(options(), {.channel_max = 0, .frame_max = 0, .heartbeat = 0});
    EXPECT_EQ(ok.channel_max, 2047) << "0 means no limit";
    EXPECT_EQ(ok.frame_max, 131072u);
    EXPECT_EQ(ok.heartbeat, 60);
    HandshakeOptions unlimited = options();
    unlimited.channel_max = 0;
    unlimited.heartbeat = 0;
    ok = tuned(unlimited, {.channel_max = 0, .frame_max = 8192, .heartbeat = 60});
    EXPECT_EQ(ok.channel_max, 65535);
    EXPECT_EQ(ok.frame_max, 8192u);
    EXPECT_EQ(ok.heartbeat, 0) << "asked for none";
    EXPECT_THROW(tuned(options(), {.channel_max = 0, .frame_max = 4095, .heartbeat = 0}), ProtocolError);
    HandshakeOptions small = options();
    small.frame_max = 8191;
    EXPECT_THROW(Handshake{small}, std::invalid_argument) << "RabbitMQ 4.1 takes no less";
}

TEST(AmqpHandshake, TQ07_ARefusedLoginIsFinal) {
    Handshake handshake(options());
    std::string out;
    handshake.take(payload_of(start), out);
    out.clear();
    try {
        handshake.take(payload_of(close_access), out);
        FAIL();
    } catch (const AuthError& e) {
        EXPECT_EQ(e.code(), 403);
        EXPECT_EQ(e.text(), "ACCESS_REFUSED - Login was refused");
        EXPECT_EQ(std::string_view(e.what()).find("secret"), std::string_view::npos);
    }
    ASSERT_EQ(sent(out).size(), 1u);
    EXPECT_EQ(method_id(sent(out)[0]), method::ConnectionCloseOk::info.id);
}

// A broker that dies then has not refused it, and one that would say so has died.
TEST(AmqpHandshake, TQ07_AHangUpOnALoginIsARefusalOfThoseWhoNeverSaySo) {
    const auto hung_up = [](Table capabilities) {
        Handshake handshake(options());
        method::ConnectionStart theirs = start;
        theirs.server_properties.set("capabilities", std::move(capabilities));
        std::string out;
        handshake.take(payload_of(theirs), out);
        return handshake.hung_up();
    };
    EXPECT_EQ(hung_up({{"authentication_failure_close", true}}), nullptr);
    for (const Table& silent : {Table{}, Table{{"authentication_failure_close", false}}}) {
        try {
            std::rethrow_exception(hung_up(silent));
        } catch (const AuthError& e) {
            EXPECT_EQ(e.code(), 0);
            EXPECT_STREQ(e.what(), "login as 'me': the broker answered nothing to connection.start-ok: it hung up");
        }
    }
}

TEST(AmqpHandshake, TQ20_OtherRefusalsHaveTheirCode) {
    for (const method::ConnectionClose& close : {close_vhost, {.reply_code = 320, .reply_text = "CONNECTION_FORCED"}}) {
        Handshake handshake(options());
        std::string out;
        handshake.take(payload_of(start), out);
        handshake.take(payload_of(tune), out);
        try {
            handshake.take(payload_of(close), out);
            FAIL();
        } catch (const AuthError&) {
            ADD_FAILURE();
        } catch (const ConnectionError& e) {
            EXPECT_EQ(e.code(), close.reply_code);
        }
    }
}

TEST(AmqpHandshake, TQ07_MechanismsAndVersions) {
    std::string out;
    method::ConnectionStart other = start;
    other.mechanisms = "EXTERNAL";
    EXPECT_THROW(Handshake(options()).take(payload_of(other), out), AuthError);
    HandshakeOptions external = options();
    external.external = true;
    Handshake handshake(external);
    EXPECT_FALSE(handshake.take(payload_of(other), out));
    const auto answers = sent(out);
    const auto ok = decode_method<method::ConnectionStartOk>(answers.at(0));
    EXPECT_EQ(ok.mechanism, "EXTERNAL");
    EXPECT_EQ(ok.response, "") << "no password goes to it";
    EXPECT_THROW(handshake.take(payload_of(method::ConnectionSecure{.challenge = "?"}), out), AuthError);
    other = start;
    other.mechanisms = "XPLAIN PLAINX";
    EXPECT_THROW(Handshake(external).take(payload_of(other), out), AuthError);
    other.version_minor = 8;
    EXPECT_THROW(Handshake(options()).take(payload_of(other), out), ProtocolError);
    EXPECT_THROW(Handshake(options()).take(payload_of(tune), out), ProtocolError) << "out of turn";
}

TEST(AmqpHandshake, PropertiesOfTheCallersAreAddedOrReplaceOurs) {
    HandshakeOptions ours = options();
    ours.client_properties = {{"product", "mine"}, {"team", "a"}};
    std::string out;
    Handshake(ours).take(payload_of(start), out);
    const auto answers = sent(out);
    const auto ok = decode_method<method::ConnectionStartOk>(answers.at(0));
    EXPECT_EQ(ok.client_properties.get<std::string>("product"), "mine");
    EXPECT_EQ(ok.client_properties.get<std::string>("team"), "a");
    EXPECT_TRUE(ok.client_properties.get<std::string>("version"));
    ours.client_properties = {{"large", std::string(5000, 'x')}};
    out.clear();
    EXPECT_THROW(Handshake(ours).take(payload_of(start), out), std::invalid_argument);
    EXPECT_EQ(out, "");
}

}  // namespace
}  // namespace tendril::amqp::detail
