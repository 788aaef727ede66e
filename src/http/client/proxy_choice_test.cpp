// SPDX-License-Identifier: MIT

#include "http/client/proxy_choice.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <stdexcept>
#include <string>

#include <tendril/http/client.hpp>

#include "green_test.hpp"
#include "raw_http_server.hpp"

namespace tendril::http::detail {
namespace {

using Variables = std::map<std::string, std::string, std::less<>>;

Proxies proxies_in(const Variables& variables) {
    return proxies_of([&](const char* name) -> const char* {
        const auto at = variables.find(name);
        return at != variables.end() ? at->second.c_str() : nullptr;
    });
}

std::string text_of(const std::optional<Url>& url) {
    return url.has_value() ? url->user() + "@" + url->origin() : "";
}

TEST(Proxies, AreReadFromTheEnvironment) {
    const Proxies both = proxies_in({{"http_proxy", "http://u:p%40@a:3128"},
                                     {"https_proxy", "b:8080"},
                                     {"HTTPS_PROXY", "http://c"},
                                     {"all_proxy", "http://d"},
                                     {"no_proxy", " .example.org, localhost\t10.0.0.0/8,,::1"}});
    EXPECT_EQ(text_of(both.plain), "u@http://a:3128");
    EXPECT_EQ(both.plain->password(), "p@");
    EXPECT_EQ(text_of(both.secure), "@http://b:8080");
    EXPECT_EQ(both.except, (std::vector<std::string>{".example.org", "localhost", "10.0.0.0/8", "::1"}));
    EXPECT_EQ(text_of(proxies_in({{"HTTP_PROXY", "http://evil"}}).plain), "") << "a header Proxy of a CGI's client";
    EXPECT_EQ(text_of(proxies_in({{"HTTPS_PROXY", "c"}, {"https_proxy", ""}}).secure), "@http://c");
    const Proxies all = proxies_in({{"ALL_PROXY", "d"}, {"NO_PROXY", "*"}});
    EXPECT_EQ(text_of(all.plain), "@http://d");
    EXPECT_EQ(text_of(all.secure), "@http://d");
    EXPECT_EQ(all.except, std::vector<std::string>{"*"});
    const Proxies none = proxies_in({});
    EXPECT_FALSE(none.plain.has_value() || none.secure.has_value() || !none.except.empty());
}

TEST(Proxies, OfAnUnknownKindAreRefusedWithoutTheirPassword) {
    for (const char* value : {"socks5://u:secret@a", "https://u:secret@a", "http://u:secret@a b", "://secret"}) {
        try {
            proxies_in({{"https_proxy", value}});
            ADD_FAILURE() << value;
        } catch (const std::invalid_argument& e) {
            const std::string what = e.what();
            EXPECT_NE(what.find("https_proxy"), std::string::npos) << what;
            EXPECT_EQ(what.find("secret"), std::string::npos) << what;
        }
    }
}

TEST(Proxies, WithAMalformedExceptionAreRefusedByItsVariable) {
    for (const char* value : {"localhost,a.test:80x", "10.1.0.0/8"}) {
        try {
            proxies_in({{"http_proxy", "http://p"}, {"NO_PROXY", value}});
            ADD_FAILURE() << value;
        } catch (const std::invalid_argument& e) {
            EXPECT_NE(std::string(e.what()).find("NO_PROXY"), std::string::npos) << e.what();
        }
    }
}

TEST(Proxies, AreLeftOutForExceptions) {
    const ClientOptions options{
        .proxies = Proxies{.plain = Url("http://p"),
                           .except = {".example.org", "localhost", "192.0.2.1", "10.0.0.0/8", "[2001:db8::1]:8080",
                                      "fd00::/8", "2.3", "port.test:81", "b.", ""}}};
    for (const char* direct : {"http://example.org/", "http://a.EXAMPLE.org/", "http://localhost:99/",
                               "http://192.0.2.1/", "http://10.200.3.4/", "http://[2001:db8::1]:8080/",
                               "http://[fd00::1]/", "http://port.test:81/", "http://x.port.test:81/", "http://b/",
                               "http://example.org./", "https://elsewhere/", "http+unix://%2Frun%2Fa/"}) {
        EXPECT_EQ(proxy_for(direct, options), nullptr) << direct;
    }
    for (const char* proxied : {"http://badexample.org/", "http://192.0.2.10/", "http://192.0.2.3/", "http://11.0.0.1/",
                                "http://[2001:db8::1]/", "http://port.test/", "http://org/", "http://9.192.0.2.1.test/",
                                "http://feed.test/"}) {
        EXPECT_NE(proxy_for(proxied, options), nullptr) << proxied;
    }
    const ClientOptions all{.proxy = Url("http://p"), .no_proxy = {"*"}};
    EXPECT_EQ(proxy_for("http://a/", all), nullptr);
}

TEST(Proxies, AreChecked) {
    EXPECT_THROW(check_proxies({.proxies = Proxies{.secure = Url("https://a")}}), std::invalid_argument);
    EXPECT_THROW(check_proxies({.proxy = Url("http://a"), .proxies = Proxies{}}), std::invalid_argument);
    EXPECT_THROW(check_proxies({.proxies = Proxies{.except = {"10.1.0.0/8"}}}), std::invalid_argument);
    EXPECT_THROW(check_proxies({.no_proxy = {"10.0.0.0/99"}}), std::invalid_argument);
    for (const char* bad : {"a.test:", "a.test:x", "a.test:80x", "a.test:0", "a.test:65536", "a.test:+80", "[::1",
                            "[::1]x", "[::1]:", "[::1]:x", "[fd00::]/8", "*:x"}) {
        const ClientOptions options{.proxy = Url("http://p"), .no_proxy = {bad}};
        EXPECT_THROW(check_proxies(options), std::invalid_argument) << bad;
        EXPECT_NE(proxy_for("http://a.test/", options), nullptr) << bad << ": not for all ports";
        EXPECT_NE(proxy_for("http://[::1]/", options), nullptr) << bad;
    }
    check_proxies({.no_proxy = {"", "a.test:80", "[::1]", "[::1]:80", "::1:80", "*", "*:80", "10.0.0.0/8:80"}});
    check_proxies({.proxies = Proxies{.plain = Url("http://a"), .except = {"10.0.0.0/8", "::1"}}});
}

TENDRIL_TEST(HttpClientProxies, OfTheEnvironmentServe) {
    testing::RawHttpServer proxy([](testing::RawHttpConnection& c) { c.answer_all("by the proxy"); });
    testing::RawHttpServer direct([](testing::RawHttpConnection& c) { c.answer_all("itself"); });
    ::setenv("http_proxy", proxy.url().c_str(), 1);
    ::setenv("no_proxy", "127.0.0.1", 1);
    const Proxies read = environment_proxies();
    ::unsetenv("http_proxy");
    ::unsetenv("no_proxy");
    Client client({.proxies = read});
    EXPECT_EQ(client.get("http://example.invalid/").text(), "by the proxy");
    EXPECT_EQ(client.get(direct.url()).text(), "itself");
}

}  // namespace
}  // namespace tendril::http::detail
