// SPDX-License-Identifier: MIT

#include <tendril/http/media_type.hpp>

#include <gtest/gtest.h>

namespace tendril::http {
namespace {

TEST(MediaType, isKnownByTheExtension) {
    EXPECT_EQ(media_type_for("a/b.c/index.html"), "text/html");
    EXPECT_EQ(media_type_for("PHOTO.JPG"), "image/jpeg");
    EXPECT_EQ(media_type_for("x.tar.gz"), "application/gzip");
    EXPECT_EQ(media_type_for("7z.7z"), "application/x-7z-compressed");
    EXPECT_EQ(media_type_for("a.zst"), "application/zstd");
    for (const char* name : {"", "html", "x.", "x.unknown", "x.averyveryverylongextension", "x.html/"}) {
        EXPECT_EQ(media_type_for(name), "application/octet-stream") << name;
    }
}

TEST(MediaType, isReadWithItsParameters) {
    const auto type = MediaType::parse(R"(Multipart/Form-Data ; BOUNDARY="a \"b\\; c" ;; charset=UTF-8;)");
    ASSERT_TRUE(type.has_value());
    EXPECT_TRUE(type->is("multipart/form-data"));
    EXPECT_FALSE(type->is("multipart/form-dat"));
    EXPECT_EQ(type->parameter("boundary"), "a \"b\\; c");
    EXPECT_EQ(type->parameter("Charset"), "UTF-8");
    EXPECT_EQ(type->parameter("q"), "");
    EXPECT_EQ(type->parameters.size(), 2U);
}

TEST(MediaType, thatIsNoneIsRefused) {
    for (const char* text : {"", "text", "text/", "/html", "text/html/x", "text /html", "text/html; a", "text/html; =b",
                             "text/html; a=", "text/html; a=\"b", "text/html; a=b c", "text/html; a = b", "te xt/html",
                             "text/html; a=\"b\"c", "text/html, text/plain"}) {
        EXPECT_FALSE(MediaType::parse(text).has_value()) << text;
    }
    std::string many = "text/html";
    for (int i = 0; i < 33; ++i) {
        many += ";a=b";
    }
    EXPECT_FALSE(MediaType::parse(many).has_value());
}

TEST(Accept, mostSpecificRangeDecides) {
    const Headers headers{{"Accept", "text/*;q=0.3, text/html;q=0.7, text/html;level=1, */*;q=0.5, image/png;q=0"}};
    EXPECT_EQ(type_quality(headers, "text/html"), 700);
    EXPECT_EQ(type_quality(headers, "text/plain"), 300);
    EXPECT_EQ(type_quality(headers, "application/json"), 500);
    EXPECT_EQ(type_quality(headers, "image/png"), 0);
    EXPECT_EQ(preferred_type(headers, {"text/plain", "application/json", "text/html"}), "text/html");
    EXPECT_EQ(preferred_type(headers, {"image/png"}), "");
    EXPECT_EQ(type_quality({}, "text/html"), 1000);
    EXPECT_EQ(preferred_type({}, {"a/b", "c/d"}), "a/b");
    EXPECT_EQ(type_quality({{"Accept", "te/*, texts/*"}}, "text/html"), 0);
}

TEST(AcceptEncoding, isReadWithItsWeights) {
    const auto accepts = [](std::string_view field, std::string_view coding) {
        return encoding_quality({{"Accept-Encoding", field}}, coding);
    };
    EXPECT_EQ(accepts("gzip, deflate, br", "gzip"), 1000);
    EXPECT_EQ(accepts("GZip;Q=0.5", "gzip"), 500);
    EXPECT_EQ(accepts("gzip; q=0.001", "gzip"), 1);
    EXPECT_EQ(accepts("gzip;q=0", "gzip"), 0);
    EXPECT_EQ(accepts("gzip;q=0, *", "gzip"), 0);
    EXPECT_EQ(accepts("*, gzip;q=0", "gzip"), 0);
    EXPECT_EQ(accepts("*;q=0.2", "gzip"), 200);
    EXPECT_EQ(accepts("gzipped", "gzip"), 0);
    EXPECT_EQ(accepts("", "gzip"), 0);
    EXPECT_EQ(accepts("br", "identity"), 1000);
    EXPECT_EQ(accepts("*;q=0", "identity"), 0);
    EXPECT_EQ(accepts("identity;q=0.5, *;q=0", "identity"), 500);
    for (const char* malformed : {"gzip;q=2", "gzip;q=1.001", "gzip;q=0.1234", "gzip;q=", "gzip;q=-1", "gzip;q=x"}) {
        EXPECT_EQ(accepts(malformed, "gzip"), 0) << malformed;
    }
    EXPECT_FALSE(accepts_encoding({}, "gzip"));
    EXPECT_TRUE(accepts_encoding({{"Accept-Encoding", "br"}, {"Accept-Encoding", "gzip"}}, "gzip"));
    EXPECT_EQ(preferred_encoding({{"Accept-Encoding", "gzip;q=0.5, br"}}, {"gzip", "br", "identity"}), "br");
}

}  // namespace
}  // namespace tendril::http
