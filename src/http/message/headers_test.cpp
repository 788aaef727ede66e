// SPDX-License-Identifier: MIT

#include <tendril/http/headers.hpp>

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include "http/message/headers_access.hpp"

namespace tendril::http {
namespace {

using Values = std::vector<std::string_view>;

TEST(Headers, KeepTheirOrderAndTheirCase) {
    Headers h{{"B", "1"}, {"a", "2"}, {"b", "3"}};
    EXPECT_EQ(h.get("B"), "1");
    EXPECT_EQ(h.get("A"), "2");
    EXPECT_EQ(h.get("c"), "");
    EXPECT_EQ(h.values("b"), (Values{"1", "3"}));
    EXPECT_EQ(h.joined("b"), "1, 3");
    EXPECT_EQ(h.count("b"), 2u);
    std::string all;
    for (const auto [name, value] : h) {
        all.append(name).append("=").append(value).append(";");
    }
    EXPECT_EQ(all, "B=1;a=2;b=3;");
    EXPECT_FALSE(h.contains("a_b"));
}

TEST(Headers, SetReplacesAllInThePlaceOfTheFirst) {
    Headers h{{"A", "1"}, {"B", "2"}, {"a", "3"}};
    h.set("a", "4");
    EXPECT_EQ(h.size(), 2u);
    EXPECT_EQ((*h.begin()).name, "a");
    EXPECT_EQ((*h.begin()).value, "4");
    h.set("A", h.get("B"));  // a view of the object itself
    EXPECT_EQ(h.get("A"), "2");
    EXPECT_EQ(h.remove("b"), 1u);
    EXPECT_EQ(h.remove("b"), 0u);
    EXPECT_EQ(h.size(), 1u);
}

TEST(Headers, TK08_RefuseWhatCouldEndALine) {
    Headers h{{"A", "1"}};
    for (const char* bad : {"a\r\nb", "a\nb", "a\rb", "a\x7f"}) {
        EXPECT_THROW(h.add("B", bad), std::invalid_argument);
        EXPECT_THROW(h.set("A", bad), std::invalid_argument);
    }
    EXPECT_THROW(h.add("B", std::string_view("a\0b", 3)), std::invalid_argument);
    for (const char* bad : {"", "a b", "a:", "a\r\n", "\xc3\xa4"}) {
        EXPECT_THROW(h.add(bad, "x"), std::invalid_argument);
    }
    EXPECT_EQ(h.size(), 1u);
    EXPECT_EQ(h.get("A"), "1");
    h.add("B", " \t blanks \t");
    EXPECT_EQ(h.get("B"), "blanks");
}

TEST(Headers, ListsAreReadByElement) {
    const Headers h{{"Connection", "keep-alive,, Upgrade ,x"}, {"connection", "\"close, now\""}};
    EXPECT_TRUE(h.lists("Connection", "upgrade"));
    EXPECT_TRUE(h.lists("Connection", "x"));
    EXPECT_FALSE(h.lists("Connection", "close")) << "in a quoted string";
    EXPECT_FALSE(h.lists("Connection", "keep"));
}

TEST(Headers, ThoseReceivedAreReadInPlaceAndCopiedWhenChanged) {
    std::string text = "Name: value";
    Headers received;
    detail::HeadersAccess::begin(received);
    detail::HeadersAccess::note(received, 0, 4, 6, 5);
    detail::HeadersAccess::rebase(received, text.data());
    EXPECT_EQ(received.get("name").data(), text.data() + 6);
    Headers copy = received;
    Headers changed = std::move(received);
    changed.add("Other", changed.get("Name"));
    text.assign(text.size(), '?');
    EXPECT_EQ(copy.get("name"), "value");
    EXPECT_EQ(changed.get("name"), "value");
    EXPECT_EQ(changed.get("other"), "value");
}

}  // namespace
}  // namespace tendril::http
