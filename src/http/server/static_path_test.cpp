// SPDX-License-Identifier: MIT

#include "http/server/static_path.hpp"

#include <gtest/gtest.h>

namespace tendril::http::detail {
namespace {

std::string meant(std::string_view path, std::string_view prefix = "/", bool hidden = false) {
    const auto found = static_path(path, prefix, hidden);
    return found.has_value() ? found->path + (found->is_folder ? "|" : "") : "refused";
}

TEST(StaticPath, isTakenFromTheRequest) {
    EXPECT_EQ(meant("/"), "|");
    EXPECT_EQ(meant("/a.txt"), "a.txt");
    EXPECT_EQ(meant("/a/b%20c/"), "a/b c|");
    EXPECT_EQ(meant("/s/a", "/s/"), "a");
    EXPECT_EQ(meant("/s/", "/s/"), "|");
    EXPECT_EQ(meant("/s", "/s/"), "refused");
    EXPECT_EQ(meant("/t/a", "/s/"), "refused");
    EXPECT_EQ(meant("/a\\..\\b"), "a\\..\\b") << "a backslash is a character like others here";
    EXPECT_EQ(meant("/a..b/..."), "refused");
    EXPECT_EQ(meant("/a..b/...", "/", true), "a..b/...");
}

TEST(StaticPath, neverLeavesTheRoot) {
    for (const char* path : {"/..", "/../a", "/a/../b", "/a/..", "/%2e%2e/a", "/%2E./a", "/.", "/a/./b", "//a", "/a//b",
                             "/a%2fb", "/%2fa", "/..%2fa", "/a%00", "/%", "/a%4", "", "*", "http://x/a"}) {
        EXPECT_EQ(meant(path), "refused") << path;
        EXPECT_EQ(meant(path, "/", true), "refused") << path;
    }
    EXPECT_EQ(meant("/" + std::string(4001, 'a')), "refused");
    EXPECT_EQ(meant("/.git/config"), "refused");
    EXPECT_EQ(meant("/a/%2egit"), "refused");
    EXPECT_EQ(meant("/.git/config", "/", true), ".git/config");
}

TEST(StaticPath, listsFoldersWithoutMarkup) {
    const std::string page = folder_page("/<b>/", {{"z", false}, {"a\"><script>", false}, {"folder", true}});
    EXPECT_EQ(page.find("<script>"), std::string::npos);
    EXPECT_EQ(page.find("<b>"), std::string::npos);
    EXPECT_NE(page.find("<a href=\"./folder/\">folder/</a>"), std::string::npos);
    EXPECT_NE(page.find("<a href=\"./a%22%3E%3Cscript%3E\">a&quot;&gt;&lt;script&gt;</a>"), std::string::npos);
    EXPECT_LT(page.find("folder/"), page.find("\">z<"));
}

}  // namespace
}  // namespace tendril::http::detail
