// SPDX-License-Identifier: MIT

#include "http/message/basic.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include <tendril/http/credentials.hpp>

#include "green_test.hpp"
#include "http_server.hpp"

namespace tendril::http::detail {
namespace {

using testing::get;
using testing::Served;

std::optional<Credentials> read(std::string_view value) {
    return basic_credentials(Headers{{"Authorization", value}});
}

TEST(Basic, ReadsWhatItWrites) {
    EXPECT_EQ(basic_field("Aladdin", "open sesame"), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    for (const char* password : {"", "a", "ab", "abc", ":", "p\xc3\xa4ss:w\"o\\rd"}) {
        const auto sent = read(basic_field("user", password));
        ASSERT_TRUE(sent.has_value()) << password;
        EXPECT_EQ(sent->user, "user");
        EXPECT_EQ(sent->password, password);
    }
    EXPECT_EQ(read("bASIC  QWxhZGRpbjpvcGVuIHNlc2FtZQ==")->password, "open sesame");
    for (const auto& [user, password] : {std::pair("a:b", "c"), std::pair("a\n", "c"), std::pair("a", "c\r\nX: y")}) {
        EXPECT_THROW(basic_field(user, password), std::invalid_argument);
    }
}

TEST(Basic, ReadsNothingElse) {
    for (const char* value :
         {"", "Basic", "Basic ", "Basic QWxhZGRpbg==", "Basic QWxhZGRpbjpv cGVu", "Basic QQ", "Basic QTo",
          "Basic ====", "Basic Q===", "Basic QTo=QTo=", "Basic QTo\xff", "Basic YTq=", "Basic YTr=", "Basic YTpiYx==",
          "Digest QTo=", "BasicQTo=", "Basic QTpiCg==", "Bearer QWxhZGRpbjpvcGVuIHNlc2FtZQ=="}) {
        EXPECT_EQ(read(value), std::nullopt) << value;
    }
    EXPECT_EQ(basic_credentials(Headers{}), std::nullopt);
    EXPECT_EQ(basic_credentials(Headers{{"Authorization", "Basic QTo="}, {"authorization", "Basic QTo="}}),
              std::nullopt);
}

TEST(Basic, ComparesInOneTime) {
    EXPECT_TRUE(equal_in_constant_time("", ""));
    EXPECT_TRUE(equal_in_constant_time("same", "same"));
    EXPECT_FALSE(equal_in_constant_time("same", "samf"));
    EXPECT_FALSE(equal_in_constant_time("same", "sam"));
    EXPECT_FALSE(equal_in_constant_time("", std::string_view("\0", 1)));
    EXPECT_TRUE(same_credentials({"u", "p", AuthScheme::basic}, {"u", "p"})) << "the scheme is the client's matter";
    EXPECT_FALSE(same_credentials({"u", "p"}, {"u", "q"}));
    EXPECT_FALSE(same_credentials({"v", "p"}, {"u", "p"}));
}

TEST(Challenges, AreToldApart) {
    const std::vector<Challenge> all = parse_challenges(
        Headers{{"WWW-Authenticate", R"(Newauth realm="a, b", type=1, title="\"x\"", Basic realm="s")"},
                {"www-authenticate", "Negotiate abc==, NTLM,, Digest realm = d ,nonce\t= \"n\""},
                {"Other", "Basic"}},
        "WWW-Authenticate");
    std::string schemes;
    for (const Challenge& each : all) {
        schemes += each.scheme + " ";
    }
    EXPECT_EQ(schemes, "newauth basic ntlm digest ") << "a token68 is nothing that this client can answer";
    EXPECT_EQ(all[0].parameter("realm"), "a, b");
    EXPECT_EQ(all[0].parameter("title"), "\"x\"");
    EXPECT_EQ(all[0].parameter("none"), "");
    EXPECT_EQ(all[1].parameter("realm"), "s");
    EXPECT_EQ(all[3].parameter("realm"), "d") << "blanks around it are bad, but to be read";
    EXPECT_EQ(all[3].parameter("nonce"), "n");
}

TEST(Challenges, ThatAreNoneAreLeftOut) {
    for (const char* value :
         {"", ",", "=", "realm=\"x\"", "Basic realm=\"x", "Basic realm=x y", "Basic realm", "Basic realm=a, realm=b"}) {
        EXPECT_TRUE(parse_challenges(Headers{{"X", value}}, "X").empty()) << value;
    }
    std::string many;
    for (int i = 0; i < 1000; ++i) {
        many += "Basic, ";
    }
    EXPECT_EQ(parse_challenges(Headers{{"X", many}}, "X").size(), 16U);
    std::string long_one = "Digest a=b";
    for (int i = 0; i < 40; ++i) {
        long_one += ", p" + std::to_string(i) + "=1";
    }
    EXPECT_TRUE(parse_challenges(Headers{{"X", long_one}}, "X").empty());
}

TENDRIL_TEST(Basic, AServerAsksAndChecks) {
    Served served([](Request& request, Response& response) {
        const auto sent = basic_credentials(request.headers());
        if (!sent || !same_credentials(*sent, {"me", "secret"})) {
            return ask_for_basic(response, "the \"cave\"");
        }
        response.send("in");
    });
    const testing::RawAnswer refused = served.ask(get("/"));
    EXPECT_EQ(refused.status, 401);
    EXPECT_EQ(refused.header("WWW-Authenticate"), R"(Basic realm="the \"cave\"", charset="UTF-8")");
    EXPECT_EQ(served.ask(get("/", "Authorization: " + basic_field("me", "secret") + "\r\n")).body, "in");
    EXPECT_EQ(served.ask(get("/", "Authorization: " + basic_field("me", "secre") + "\r\n")).status, 401);
}

}  // namespace
}  // namespace tendril::http::detail
