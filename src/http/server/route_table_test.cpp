// SPDX-License-Identifier: MIT

#include "http/server/route_table.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

#include <tendril/http/message.hpp>

namespace tendril::http::detail {
namespace {

using Kind = RouteTable::Kind;

RouteTable table_of(std::initializer_list<std::pair<std::string_view, std::string_view>> routes) {
    RouteTable table;
    std::size_t number = 0;
    for (const auto& each : routes) {
        table.add(each.first, each.second, number++);
    }
    return table;
}

// "2 id=5 rest=x", "404", "405 GET, HEAD".
std::string match(const RouteTable& table, std::string_view path, std::string_view method = "GET") {
    const auto match = table.match(method, path);
    if (match.kind == Kind::not_found) {
        return "404";
    }
    if (match.kind == Kind::method_not_allowed) {
        return "405 " + match.allowed;
    }
    std::string text = std::to_string(match.handler);
    for (const auto& [name, value] : match.parameters) {
        text.append(" ").append(name).append("=").append(value);
    }
    return text;
}

TEST(RouteTable, prefersTextsToParametersToTails) {
    const RouteTable table = table_of({{"GET", "/users/{id}"},
                                       {"GET", "/users/me"},
                                       {"GET", "/{rest...}"},
                                       {"GET", "/users/{name}/posts/{post}"},
                                       {"GET", "/users/me/{tail...}"},
                                       {"GET", "/{a}/x/y"}});
    EXPECT_EQ(match(table, "/users/5"), "0 id=5");
    EXPECT_EQ(match(table, "/users/me"), "1");
    EXPECT_EQ(match(table, "/"), "2 rest=");
    EXPECT_EQ(match(table, "/users"), "2 rest=users");
    EXPECT_EQ(match(table, "/users/"), "2 rest=users/");
    EXPECT_EQ(match(table, "/users/ada/posts/7"), "3 name=ada post=7");
    EXPECT_EQ(match(table, "/users/me/posts/7"), "4 tail=posts/7");
    EXPECT_EQ(match(table, "/users/me/"), "4 tail=");
    EXPECT_EQ(match(table, "/users/x/y"), "5 a=users") << "it comes back from where it was wrong";
    EXPECT_EQ(match(table, "/users/ada/posts"), "2 rest=users/ada/posts");
    EXPECT_EQ(match(table, "*"), "404");
    EXPECT_EQ(match(table, ""), "404");
}

TEST(RouteTable, tellsTheMethodsOfAPath) {
    const RouteTable table = table_of({{"GET", "/a"},
                                       {"POST", "/a"},
                                       {"DELETE", "/{x}"},
                                       {"HEAD", "/h"},
                                       {"GET", "/h"},
                                       {"*", "/any"},
                                       {"PUT", "/put"}});
    EXPECT_EQ(match(table, "/a", "POST"), "1");
    EXPECT_EQ(match(table, "/a", "HEAD"), "0");
    EXPECT_EQ(match(table, "/h", "HEAD"), "3");
    EXPECT_EQ(match(table, "/a", "DELETE"), "2 x=a") << "a text that lacks the method is passed over";
    EXPECT_EQ(match(table, "/a", "PUT"), "405 DELETE, GET, HEAD, OPTIONS, POST");
    EXPECT_EQ(match(table, "/b", "GET"), "405 DELETE, OPTIONS");
    EXPECT_EQ(match(table, "/a", "OPTIONS"), "405 DELETE, GET, HEAD, OPTIONS, POST");
    EXPECT_EQ(match(table, "/any", "BREW"), "5");
    EXPECT_EQ(match(table, "/a", "get"), "405 DELETE, GET, HEAD, OPTIONS, POST");
    EXPECT_EQ(match(table, "/none/b"), "404");
}

TEST(RouteTable, decodesEachSegment) {
    const RouteTable table = table_of({{"GET", "/caf\xc3\xa9/{x}"}, {"GET", "/t/{rest...}"}, {"GET", "/{a}/{b}/c"}});
    EXPECT_EQ(match(table, "/caf%C3%A9/a%2Fb"), "0 x=a/b");
    EXPECT_EQ(match(table, "/%74/a%20b/c"), "1 rest=a b/c");
    EXPECT_EQ(match(table, "/x%2Fy/z/c"), "2 a=x/y b=z");
    EXPECT_EQ(match(table, "/x+y/z/c"), "2 a=x+y b=z");
    EXPECT_EQ(match(table, "//z/c"), "404") << "a parameter is not empty";
    for (const char* path : {"/%", "/t/%4", "/caf%C3%A9/%zz"}) {
        EXPECT_THROW(match(table, path), ProtocolError) << path;
    }
}

TEST(RouteTable, keepsSlashesApart) {
    const RouteTable table = table_of({{"GET", "/a"}, {"GET", "/a/"}, {"GET", "/"}});
    EXPECT_EQ(match(table, "/a"), "0");
    EXPECT_EQ(match(table, "/a/"), "1");
    EXPECT_EQ(match(table, "/a//b"), "404");
    EXPECT_EQ(match(table, "/"), "2");
    EXPECT_EQ(match(table, "//"), "404");
    EXPECT_EQ(match(table, "/a/b"), "404");
}

TEST(RouteTable, refusesWhatIsForTheSamePaths) {
    RouteTable table = table_of({{"GET", "/users/{id}/posts"}, {"GET", "/{a...}"}});
    try {
        table.add("GET", "/users/{name}/posts", 2);
        FAIL();
    } catch (const std::invalid_argument& e) {
        EXPECT_STREQ(e.what(), "the route GET /users/{name}/posts is for the same paths as GET /users/{id}/posts");
    }
    EXPECT_THROW(table.add("GET", "/{b...}", 2), std::invalid_argument);
    EXPECT_NO_THROW(table.add("PUT", "/users/{name}/posts", 2));
    EXPECT_EQ(match(table, "/users/5/posts", "PUT"), "2 name=5");
}

TEST(RouteTable, refusesMalformedPatterns) {
    RouteTable table;
    for (const char* pattern : {"", "users", "/{}", "/{...}", "/a{b}", "/{a}b", "/{a", "/a}", "/{a b}", "/{a}/{a}",
                                "/{a...}/b", "/{a...}/", "/{{a}}", "//", "/a//b", "/./a", "/a/..", "/a\\b", "/a\nb"}) {
        EXPECT_THROW(table.add("GET", pattern, 0), std::invalid_argument) << pattern;
    }
    EXPECT_THROW(table.add("", "/a", 0), std::invalid_argument);
    EXPECT_THROW(table.add("G T", "/a", 0), std::invalid_argument);
    std::string deep;
    for (int i = 0; i < 65; ++i) {
        deep += "/a";
    }
    EXPECT_THROW(table.add("GET", deep, 0), std::invalid_argument);
}

TEST(RouteTable, looksAtEachNodeOnce) {
    RouteTable table;
    std::string all_text;
    std::string path;
    for (int i = 0; i < 60; ++i) {
        all_text += "/a";
        table.add("GET", all_text + "/{p}/end", static_cast<std::size_t>(i));
        path += "/a";
    }
    EXPECT_EQ(match(table, path + "/x/y/z"), "404");
    EXPECT_EQ(match(table, path + "/x/end"), "59 p=x");
}

}  // namespace
}  // namespace tendril::http::detail
