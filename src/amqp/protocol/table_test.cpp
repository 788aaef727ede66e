// SPDX-License-Identifier: MIT

#include <tendril/amqp/table.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

#include <tendril/amqp/error.hpp>

#include "amqp/protocol/decoder.hpp"
#include "amqp/protocol/encoder.hpp"

namespace tendril::amqp {
namespace {

using namespace std::literals;

std::string encoded(const Table& table) {
    std::string out(detail::measure_table(table), '\0');
    detail::Encoder encoder(out.data());
    encoder.table(table);
    EXPECT_EQ(encoder.at(), out.data() + out.size());
    return out;
}

Table decoded(std::string_view bytes) {
    detail::Decoder in(bytes, "a test");
    Table table = in.table("table");
    in.end();
    return table;
}

// A table that holds a value of the type, with these bytes.
std::string with_value(std::string_view typed) {
    std::string out("\0\0\0\0\x01k"s);
    out += typed;
    out[2] = static_cast<char>((out.size() - 4) >> 8);
    out[3] = static_cast<char>(out.size() - 4);
    return out;
}

TEST(AmqpTable, IsReadAsAnyTypeThatFits) {
    Table table{{"small", 7}, {"large", std::int64_t{1} << 40}, {"text", "x"}, {"real", 1.5}, {"yes", true}};
    EXPECT_EQ(table.get<std::uint8_t>("small"), 7);
    EXPECT_EQ(table.get<std::uint64_t>("small"), 7u);
    EXPECT_EQ(table.get<double>("small"), 7.0);
    EXPECT_EQ(table.get<std::int32_t>("large"), std::nullopt);
    EXPECT_EQ(table.get<std::int64_t>("large"), std::int64_t{1} << 40);
    EXPECT_EQ(table.get<std::string>("text"), "x");
    EXPECT_EQ(table.get<int>("text"), std::nullopt);
    EXPECT_EQ(table.get<bool>("yes"), true);
    EXPECT_EQ(table.get<int>("yes"), std::nullopt);
    EXPECT_EQ(table.get<int>("real"), std::nullopt);
    EXPECT_EQ(table.get<int>("none"), std::nullopt);
}

TEST(AmqpTable, SetReplacesAndRemoveForgets) {
    Table table{{"a", 1}, {"b", 2}};
    table.set("a", "new");
    EXPECT_EQ(table, (Table{{"a", "new"}, {"b", 2}}));
    EXPECT_TRUE(table.remove("a"));
    EXPECT_FALSE(table.remove("a"));
    EXPECT_EQ(table.size(), 1u);
}

TEST(AmqpTable, TQ02_EveryTypeComesBackAsItWasSent) {
    const Table sent{{"V", {}},
                     {"t", true},
                     {"b", Value::exactly(std::int8_t{-1})},
                     {"B", Value::exactly(std::uint8_t{255})},
                     {"s", Value::exactly(std::int16_t{-2})},
                     {"u", Value::exactly(std::uint16_t{65535})},
                     {"I", -3},
                     {"i", Value::exactly(std::uint32_t{4'000'000'000})},
                     {"l", std::int64_t{INT64_MIN}},
                     {"f", Value::exactly(1.25F)},
                     {"d", -0.1},
                     {"D", Decimal{2, -314}},
                     {"S", "text"},
                     {"x", ByteString{"\0\xff"s}},
                     {"A", Array{1, "two", Array{}, Table{{"n", 3}}}},
                     {"T", Timestamp{1'700'000'000}},
                     {"F", Table{{"inner", Table{{"innermost", 1}}}}},
                     {"", "a name may be empty"}};
    const std::string bytes = encoded(sent);
    EXPECT_EQ(decoded(bytes), sent);
    EXPECT_EQ(encoded(decoded(bytes)), bytes);
    for (std::size_t n = 0; n < bytes.size(); ++n) {
        EXPECT_THROW(decoded(std::string_view(bytes).substr(0, n)), ProtocolError);
    }
}

TEST(AmqpTable, TQ02_TheBytesAreThoseOfRabbitMQ) {
    EXPECT_EQ(encoded({{"k", 258}}), with_value("I\0\0\x01\x02"sv));
    EXPECT_EQ(encoded({{"k", std::int64_t{-1}}}), with_value("l\xff\xff\xff\xff\xff\xff\xff\xff"sv));
    EXPECT_EQ(encoded({{"k", Value::exactly(std::int16_t{1})}}), with_value("s\0\x01"sv)) << "not a short string";
    EXPECT_EQ(decoded(with_value("L\xff\xff\xff\xff\xff\xff\xff\xff"sv)), (Table{{"k", std::int64_t{-1}}}));
    EXPECT_EQ(encoded({{"k", Decimal{1, 2}}}), with_value("D\x01\0\0\0\x02"sv));
    EXPECT_EQ(encoded({{"k", Array{true, false}}}), with_value("A\0\0\0\x04t\x01t\0"sv));
}

TEST(AmqpTable, TQ02_WhatHasNoPlaceIsRefused) {
    EXPECT_THROW(Value(std::uint64_t{1} << 63), std::invalid_argument);
    EXPECT_EQ(Value(std::uint64_t{1} << 62).as<std::int64_t>(), std::int64_t{1} << 62);
    const std::string name(256, 'n');
    Table table;
    EXPECT_THROW(table.set(name, 1), std::invalid_argument);
    EXPECT_THROW((Table{{name, 1}}), std::invalid_argument);
    table.set(name.substr(1), 1);
    EXPECT_EQ(decoded(encoded(table)), table);
}

TEST(AmqpTable, TQ03_MalformedOnesAreRefused) {
    EXPECT_THROW(decoded(with_value("U\0\x01"sv)), ProtocolError) << "a type that RabbitMQ does not know";
    EXPECT_THROW(decoded(with_value("S\0\0\0\x01"sv)), ProtocolError) << "a length behind the end";
    EXPECT_THROW(decoded(with_value("S\xff\xff\xff\xff"sv)), ProtocolError);
    EXPECT_THROW(decoded(with_value("A\0\0\0\x02t"sv)), ProtocolError);
    EXPECT_THROW(decoded(with_value("F\0\0\0\x05\x01kI\0\0"sv)), ProtocolError) << "a value over its table's end";
    EXPECT_THROW(decoded("\0\0\0\x02\x05k"sv), ProtocolError) << "a name over its table's end";
}

TEST(AmqpTable, TQ03_NestingIsBounded) {
    const auto nested = [](int levels) {
        Table table;
        for (int i = 1; i < levels; ++i) {
            Table outer{{"k", std::move(table)}};
            table = std::move(outer);
        }
        return table;
    };
    EXPECT_EQ(decoded(encoded(nested(32))), nested(32));
    EXPECT_THROW(encoded(nested(33)), std::invalid_argument);
    const std::string inner = encoded(nested(32));
    EXPECT_THROW(decoded(with_value("F" + inner)), ProtocolError);
    std::string arrays;
    for (int i = 0; i < 40; ++i) {
        const auto size = static_cast<char>(arrays.size());
        arrays = "A\0\0\0"s + size + arrays;
    }
    EXPECT_THROW(decoded(with_value(arrays)), ProtocolError);
}

}  // namespace
}  // namespace tendril::amqp
