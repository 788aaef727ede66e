// SPDX-License-Identifier: MIT

#include "http/client/digest.hpp"

#include <gtest/gtest.h>

#include <string>

#include "http/message/basic.hpp"

namespace tendril::http::detail {
namespace {

std::optional<DigestChallenge> challenge(std::string_view text) {
    const auto all = parse_challenges(Headers{{"X", text}}, "X");
    return all.size() == 1 ? DigestChallenge::of(all.front()) : std::nullopt;
}

bool has(const std::string& field, std::string_view part) {
    return (field + ",").find(" " + std::string(part) + ",") != std::string::npos;
}

// RFC 7616, 3.9.1.
TEST(Digest, AnswersAsInTheRfc) {
    const std::string asked = R"(Digest realm="http-auth@example.org", qop="auth, auth-int", )"
                              R"(nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", )"
                              R"(opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS", algorithm=)";
    const Credentials who{"Mufasa", "Circle of Life"};
    const auto answer = [&](const std::string& algorithm) {
        return digest_field(*challenge(asked + algorithm), who, "GET", "/dir/index.html", 1,
                            "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ");
    };
    EXPECT_EQ(answer("MD5"), R"(Digest username="Mufasa", realm="http-auth@example.org", )"
                             R"(nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", uri="/dir/index.html", )"
                             R"(response="8ca523f5e9506fed4657c9700eebdbec", algorithm=MD5, )"
                             R"(opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS", qop=auth, nc=00000001, )"
                             R"(cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ")");
    EXPECT_TRUE(
        has(answer("SHA-256"), R"(response="753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1")"));
}

// As in RFC 7616, 3.9.2, whose own figures are wrong (erratum 4897); these are what Python's hashlib makes of it.
TEST(Digest, HashesTheUserWhenAsked) {
    const auto asked =
        challenge(R"(Digest realm="api@example.org", qop="auth", algorithm=SHA-512-256, )"
                  R"(nonce="5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK", opaque="x", charset=UTF-8, userhash=true)");
    const std::string field = digest_field(*asked, {"J\xc3\xa4s\xc3\xb8n Doe", "Secret, or not?"}, "GET", "/doe.json",
                                           1, "NTg6RKcb9boFIAS3KrFK9BGeh+niz/sm");
    EXPECT_TRUE(has(field, R"(username="793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b")")) << field;
    EXPECT_TRUE(has(field, R"(response="7a4e1192babbba02e91182d2895bfdbf7adafc6e48d4e517ca301974843d840c")")) << field;
    EXPECT_TRUE(has(field, "userhash=true"));
}

TEST(Digest, AnswersOldServersAndSessions) {
    const std::string asked = R"(Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093")";
    const Credentials who{"Mufasa", "Circle Of Life"};
    const std::string old = digest_field(*challenge(asked), who, "GET", "/dir/index.html", 1, "0a4f113b");
    EXPECT_TRUE(has(old, R"(response="670fd8c2df070c60b045671b8b24ff02")")) << old;
    EXPECT_EQ(old.find("qop"), std::string::npos);
    EXPECT_EQ(old.find("nc="), std::string::npos);
    const std::string session = digest_field(*challenge(asked + ", qop=auth, algorithm=md5-SESS"), who, "GET",
                                             "/dir/index.html", 1, "0a4f113b");
    EXPECT_TRUE(has(session, R"(response="8e3825c57e897f5a0dec6c2d4e5059d0")")) << session;
    EXPECT_TRUE(has(digest_field(*challenge(asked + ", qop=auth"), who, "GET", "/", 0xabcdef12, "c"), "nc=abcdef12"));
    const std::string odd = digest_field(*challenge(asked), {"a\"\\", ""}, "GET", "/", 1, "c");
    EXPECT_TRUE(has(odd, R"(username="a\"\\")")) << odd;
    const std::string other = digest_field(*challenge(asked), {"\xc3\xa4'", ""}, "GET", "/", 1, "c");
    EXPECT_TRUE(has(other, "username*=UTF-8''%C3%A4%27")) << other;
}

TEST(Digest, RefusesWhatItCannotAnswer) {
    for (const char* text :
         {"Basic realm=x, nonce=y", "Digest realm=x", "Digest realm=x, nonce=\"\"", "Digest nonce=n, qop=auth-int",
          "Digest nonce=n, algorithm=SHA-1", "Digest nonce=n, algorithm=-sess, qop=\"x, y\""}) {
        EXPECT_FALSE(challenge(text).has_value()) << text;
    }
    EXPECT_TRUE(challenge("Digest nonce=n, stale=TRUE")->stale);
    EXPECT_FALSE(challenge("Digest nonce=n, stale=yes")->stale);
}

TEST(Digest, MakesItsRandomTextAnew) {
    EXPECT_EQ(make_cnonce().size(), 32U);
    EXPECT_NE(make_cnonce(), make_cnonce());
}

}  // namespace
}  // namespace tendril::http::detail
