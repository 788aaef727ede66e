// SPDX-License-Identifier: MIT

#include "http/message/public_suffixes.hpp"

#include <gtest/gtest.h>

#include <string>

namespace tendril::http::detail {
namespace {

const std::string magic = ".DAFSA@PSL_0   \n";

TEST(PublicSuffixes, WithoutAListASingleLabelIsOne) {
    const PublicSuffixes none("");
    EXPECT_FALSE(none.has_list());
    EXPECT_TRUE(none.contains("com"));
    EXPECT_TRUE(none.contains("localhost"));
    EXPECT_FALSE(none.contains("co.uk"));
    EXPECT_FALSE(PublicSuffixes("no such file").has_list());
}

// "ck" is a wildcard, "www.ck" an exception, "a.b" and "a.c" are plain (4).
TEST(PublicSuffixes, ReadsTheGraph) {
    const PublicSuffixes list(magic + std::string("\x03\x03\x87", 3) + "ck\x82" + "www.ck\x81" + "a\xae" +
                              std::string("\x02\x82", 2) + "b\x84" + "c\x84" + "\1");
    EXPECT_TRUE(list.has_list());
    EXPECT_TRUE(list.contains("ck"));
    EXPECT_TRUE(list.contains("x.ck"));
    EXPECT_FALSE(list.contains("www.ck"));
    EXPECT_FALSE(list.contains("y.x.ck"));
    EXPECT_TRUE(list.contains("a.b"));
    EXPECT_TRUE(list.contains("a.c"));
    EXPECT_FALSE(list.contains("a.d"));
    EXPECT_FALSE(list.contains("x.b"));
    EXPECT_TRUE(list.contains("org")) << "what the list does not name";
}

TEST(PublicSuffixes, NoFileDoesHarm) {
    std::uint32_t random = 1;
    for (int i = 0; i < 2000; ++i) {
        std::string text = magic;
        for (int n = i % 50; n > 0; --n) {
            random = random * 1664525 + 1013904223;
            text += static_cast<char>(random >> 24);
        }
        const PublicSuffixes list(text);
        list.contains("www.example.co.uk");
        list.contains("");
    }
}

TEST(PublicSuffixes, HasTheListThatIsInstalled) {
    const PublicSuffixes& list = PublicSuffixes::installed();
    if (!list.has_list()) {
        GTEST_SKIP() << "Debian's package publicsuffix is not installed";
    }
    for (const char* each : {"com", "uk", "co.uk", "github.io", "ck", "anything.ck", "x.kawasaki.jp", "nosuchtld",
                             "xn--55qx5d.cn", "compute.amazonaws.com"}) {
        EXPECT_TRUE(list.contains(each)) << each;
    }
    for (const char* each : {"example.com", "example.co.uk", "me.github.io", "www.ck", "city.kawasaki.jp",
                             "a.b.kawasaki.jp", "o.uk", "xco.uk", "x.nosuchtld"}) {
        EXPECT_FALSE(list.contains(each)) << each;
    }
}

}  // namespace
}  // namespace tendril::http::detail
