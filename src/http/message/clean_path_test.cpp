// SPDX-License-Identifier: MIT

#include "http/message/clean_path.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include <tendril/http/message.hpp>

namespace tendril::http::detail {
namespace {

TEST(CleanPath, isWhatItMeans) {
    const std::vector<std::pair<std::string, std::string>> cases{
        {"//", "/"},           {"//evil.com/", "/evil.com/"},
        {"/a//b", "/a/b"},     {"/a///b//", "/a/b/"},
        {"/.", "/"},           {"/a/.", "/a/"},
        {"/a/./b", "/a/b"},    {"/a/../b", "/b"},
        {"/a/..", "/"},        {"/../../etc/passwd", "/etc/passwd"},
        {"/a/%2e%2E/b", "/b"}, {"/a/.%2e/b%20c", "/b%20c"},
        {"/a/%2e/b", "/a/b"},  {"/..//evil.com", "/evil.com"},
        {"/a/..//../b", "/b"},
    };
    for (const auto& [path, clean] : cases) {
        EXPECT_EQ(clean_path(path, false).value_or("(it is clean)"), clean) << path;
        EXPECT_EQ(clean_path(clean, false), std::nullopt) << clean;
    }
}

TEST(CleanPath, staysAsItIs) {
    for (const char* path : {"/", "/a", "/a/", "/a/b.c", "/...", "/.git", "/a..b/", "/caf%C3%A9", "/a%20b",
                             "/%252e%252e", "/a%3Fb", "/a;b=c"}) {
        EXPECT_EQ(clean_path(path, false), std::nullopt) << path;
    }
}

TEST(CleanPath, refusesWhatNoHandlerShouldSee) {
    for (const char* path :
         {"/%00", "/a%00.png", "/a%0d%0aX:y", "/%7f", "/a%5Cb", "/..%5c..%5cb", "/a%2Fb", "/%2e%2e%2fb", "/%2fetc",
          "/%c0%ae%c0%ae/", "/%ff", "/%ed%a0%80", "/%zz", "/a/../%00", "//%2f", "/%"}) {
        EXPECT_THROW(clean_path(path, false), ProtocolError) << path;
    }
}

TEST(CleanPath, takesEncodedSlashesWhereAsked) {
    EXPECT_EQ(clean_path("/a%2Fb", true), std::nullopt);
    for (const char* path : {"/%2Fa", "/a%2F", "/a%2F%2Fb", "/a%2F..%2Fb", "/..%2Fa", "/.%2Fa"}) {
        EXPECT_THROW(clean_path(path, true), ProtocolError) << path;
    }
}

}  // namespace
}  // namespace tendril::http::detail
