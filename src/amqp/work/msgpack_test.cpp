// SPDX-License-Identifier: MIT

#if __has_include(<msgpack.hpp>)

#include <tendril/amqp/msgpack.hpp>

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

namespace tendril::amqp {
namespace {

using namespace std::literals;

struct Old {
    std::string url;
    MSGPACK_DEFINE_MAP(url)
};
struct New {
    std::string url;
    std::optional<int> depth;
    MSGPACK_DEFINE_MAP(url, depth)
};

template <class T>
T round_trip(const T& value) {
    Message message;
    Codec<T>::encode(value, message);
    EXPECT_EQ(message.properties.content_type, "application/msgpack");
    for (std::size_t n = 0; n < message.body.size(); ++n) {
        EXPECT_THROW(Codec<T>::decode({.body = message.body.substr(0, n)}), DecodeError) << n;
    }
    EXPECT_THROW(Codec<T>::decode({.body = message.body + "x"}), DecodeError) << "bytes behind";
    return Codec<T>::decode(message);
}

TEST(AmqpMsgpack, ValuesComeBack) {
    EXPECT_EQ(round_trip(7), 7);
    EXPECT_EQ(round_trip(-1.5), -1.5);
    EXPECT_EQ(round_trip(std::vector<std::string>{"a", ""}), (std::vector<std::string>{"a", ""}));
    const std::tuple<std::string, int, bool> arguments("x", 1, true);
    EXPECT_EQ(round_trip(arguments), arguments);
    const std::map<std::string, std::optional<int>> map{{"a", 1}, {"b", std::nullopt}};
    EXPECT_EQ(round_trip(map), map);
}

TEST(AmqpMsgpack, TypesMayGrow) {
    Message old_message;
    Codec<Old>::encode({"u"}, old_message);
    const New got = Codec<New>::decode(old_message);
    EXPECT_EQ(got.url, "u");
    EXPECT_FALSE(got.depth);
    Message new_message;
    Codec<New>::encode({"v", 3}, new_message);
    EXPECT_EQ(Codec<Old>::decode(new_message).url, "v");
}

TEST(AmqpMsgpack, OfAnotherTypeIsADecodeError) {
    Message message;
    Codec<int>::encode(7, message);
    EXPECT_THROW(Codec<std::vector<int>>::decode(message), DecodeError);
    EXPECT_THROW(Codec<int>::decode({.body = ""}), DecodeError);
}

TEST(AmqpMsgpack, SizesThatLieTakeNoMemory) {
    EXPECT_THROW(Codec<std::vector<int>>::decode({.body = "\xdd\xff\xff\xff\xff"s}), DecodeError) << "2^32 elements";
    EXPECT_THROW(Codec<std::vector<int>>::decode({.body = "\xdf\x7f\xff\xff\xff"s}), DecodeError) << "a map";
    // Each level says as many elements as there are bytes: together more.
    std::string nested;
    for (int i = 0; i < 30; ++i) {
        nested += "\xdd\0\0\0\x50"s;
    }
    EXPECT_THROW(Codec<std::vector<int>>::decode({.body = nested + std::string(30, '\0')}), DecodeError);
    std::string deep(65, '\x91');
    EXPECT_THROW(Codec<std::vector<int>>::decode({.body = deep + '\0'}), DecodeError) << "deeper than 64";
}

}  // namespace
}  // namespace tendril::amqp

#endif
