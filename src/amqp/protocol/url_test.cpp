// SPDX-License-Identifier: MIT

#include <tendril/amqp/url.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

namespace tendril::amqp {
namespace {

using namespace std::literals;

std::string refusal(std::string_view text) {
    try {
        const Url url(text);
    } catch (const std::invalid_argument& e) {
        return e.what();
    }
    return "";
}

TEST(AmqpUrl, TQ06_Defaults) {
    const Url url("amqp://");
    EXPECT_FALSE(url.secure());
    EXPECT_EQ(url.hosts(), (std::vector<Url::Host>{{"localhost", 5672}}));
    EXPECT_EQ(url.user(), "guest");
    EXPECT_EQ(url.password(), "guest");
    EXPECT_EQ(url.vhost(), "/");
    EXPECT_FALSE(url.heartbeat());
    EXPECT_TRUE(url.verify());
    EXPECT_EQ(Url("amqps://rabbit").hosts(), (std::vector<Url::Host>{{"rabbit", 5671}}));
    EXPECT_EQ(Url("AMQP://rabbit:").hosts(), (std::vector<Url::Host>{{"rabbit", 5672}}));
}

TEST(AmqpUrl, TQ06_EveryPartMayBeEncoded) {
    const Url url("amqp://us%3Aer:p%40ss%2Fw%25rd@ho%73t:10000/v%2fhost");
    EXPECT_EQ(url.user(), "us:er");
    EXPECT_EQ(url.password(), "p@ss/w%rd");
    EXPECT_EQ(url.hosts(), (std::vector<Url::Host>{{"host", 10000}}));
    EXPECT_EQ(url.vhost(), "v/host");
    EXPECT_EQ(Url("amqp://host/%2f").vhost(), "/");
    EXPECT_EQ(Url("amqp://host/").vhost(), "");
    EXPECT_EQ(Url("amqp://host?heartbeat=1").vhost(), "/");
    EXPECT_EQ(Url("amqp://user@host").password(), "");
    EXPECT_EQ(Url("amqp://:@host").user(), "");
    EXPECT_EQ(Url("amqp://user:a:b@host").password(), "a:b");
}

TEST(AmqpUrl, TQ06_SeveralHostsAndAddresses) {
    const Url url("amqps://u:p@a,b:1,[::1],[fe80::1]:2/v");
    EXPECT_EQ(url.hosts(), (std::vector<Url::Host>{{"a", 5671}, {"b", 1}, {"::1", 5671}, {"fe80::1", 2}}));
    EXPECT_EQ(url.to_string(), "amqps://a:5671,b:1,[::1]:5671,[fe80::1]:2/v");
    EXPECT_EQ(Url("amqp://u:p@a").to_string(), "amqp://a:5672/%2F");
    EXPECT_EQ(Url("amqp://[fe80::1%25eth0]").hosts().at(0).name, "fe80::1%eth0");
    EXPECT_EQ(Url("amqp://[fe80::1%25eth0]").to_string(), "amqp://[fe80::1%25eth0]:5672/%2F");
}

TEST(AmqpUrl, TQ06_TheQuery) {
    const Url url(
        "amqps://h?heartbeat=10&connection_timeout=5000&channel_max=7&auth_mechanism=EXTERNAL&cacertfile=%2Fca"
        "&certfile=/c&keyfile=/k&verify=verify_none&server_name_indication=name&");
    EXPECT_EQ(url.heartbeat(), 10s);
    EXPECT_EQ(url.connection_timeout(), 5s);
    EXPECT_EQ(url.channel_max(), 7);
    EXPECT_EQ(url.auth_mechanism(), "external");
    EXPECT_EQ(url.ca_file(), "/ca");
    EXPECT_EQ(url.certificate_file(), "/c");
    EXPECT_EQ(url.key_file(), "/k");
    EXPECT_FALSE(url.verify());
    EXPECT_EQ(url.server_name(), "name");
}

TEST(AmqpUrl, TQ06_WhatIsWrongIsSaidWithoutThePassword) {
    for (const char* text : {"",
                             "http://u:secret@h",
                             "amqp:/u:secret@h",
                             "amqp://u:se#cret@h",
                             "amqp://u:secret@h:x",
                             "amqp://u:secret@h:0",
                             "amqp://u:secret@h:65536",
                             "amqp://u:secret@a,,b",
                             "amqp://u:secret@[::1",
                             "amqp://u:secret@::1",
                             "amqp://u:secret@a%3Ab",
                             "amqp://u:secret@[a]",
                             "amqp://u:secret@[::1%2F]",
                             "amqp://u:secret@a%0Ab",
                             "amqp://u:secret@@h",
                             "amqp://u:sec/ret@h",
                             "amqp://u:12/secret@h",
                             "amqp://u:sec?ret@h",
                             "amqp://u:12?secret=1@h",
                             "amqp://u:%zzsecret@h",
                             "amqp://u:secret%@h",
                             "amqp://u:secret%00@h",
                             "amqp://u:secret @h",
                             "amqp://u:secret\n@h",
                             "amqp://u:secret@h/a/b",
                             "amqp://u:secret@h?heartbeat=x",
                             "amqp://u:secret@h?heartbeat=",
                             "amqp://u:secret@h?heartbeat=65536",
                             "amqp://u:secret@h?channel_max=-1",
                             "amqp://u:secret@h?secret=1",
                             "amqps://u:secret@h?verify=yes",
                             "amqp://u:secret@h?cacertfile=/secret",
                             "amqp://u:secret@h?auth_mechanism=secret"}) {
        const std::string why = refusal(text);
        EXPECT_NE(why, "") << text;
        EXPECT_EQ(why.find("secret"), std::string::npos) << why;
        EXPECT_EQ(why.find("ret"), std::string::npos) << why;
    }
    EXPECT_NE(refusal("amqp://h/" + std::string(256, 'v')), "");
    EXPECT_EQ(refusal("amqp://h/" + std::string(255, 'v')), "");
}

}  // namespace
}  // namespace tendril::amqp
