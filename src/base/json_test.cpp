// SPDX-License-Identifier: MIT

#include "base/json.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

namespace tendril::detail {
namespace {

TEST(Json, ReadsEveryKindOfValue) {
    const Json all = Json::parse(R"( {"a": [1, -2.5e3, 0], "t": true, "f": false, "n": null, )"
                                 R"("s": "x\n\"\u00fc\ud83c\udf31é", "o": {"k": {}}} )");
    ASSERT_EQ(all.kind(), Json::Kind::object);
    ASSERT_EQ(all["a"].items().size(), 3U);
    EXPECT_EQ(all["a"].items()[0].count(), 1U);
    EXPECT_EQ(all["a"].items()[1].number(), -2500);
    EXPECT_TRUE(all["t"].boolean());
    EXPECT_FALSE(all["f"].boolean());
    EXPECT_EQ(all["f"].kind(), Json::Kind::boolean);
    EXPECT_EQ(all["n"].kind(), Json::Kind::null);
    EXPECT_EQ(all["s"].string(), "x\n\"\u00fc\U0001f331\u00e9");
    EXPECT_EQ(all["o"]["k"].kind(), Json::Kind::object);
    EXPECT_EQ(all["none"]["of"]["these"].kind(), Json::Kind::null);
    EXPECT_TRUE(Json::parse("[]").items().empty());
}

TEST(Json, RefusesWhatIsNotJson) {
    for (const char* text : {"", "{", "[1,]", "{\"a\" 1}", "{a:1}", "tru", "01", "-01", "1.", "+1", "\"\x01\"",
                             "\"\\x\"", "\"\\ud800\"", "\"\\udc00\"", "\"open", "[1] 2", "nan", "-", "{\"a\":1,}"}) {
        EXPECT_THROW(Json::parse(text), std::invalid_argument) << text;
    }
    EXPECT_THROW(Json::parse(std::string(100'000, '[')), std::invalid_argument) << "it has a depth that it reads";
}

}  // namespace
}  // namespace tendril::detail
