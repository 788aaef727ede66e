// SPDX-License-Identifier: MIT

#include "net/tls_name.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace tendril::detail {
namespace {

std::string fault_of(std::string_view name) {
    try {
        return "accepted as " + tls_name(name).text;
    } catch (const std::invalid_argument& e) {
        return e.what();
    }
}

TEST(TlsName, HasOneForm) {
    const struct {
        std::string_view given, normal;
        bool is_ip;
    } cases[] = {
        {"a.test", "a.test", false},
        {"a.test.", "a.test", false},
        {"A.TEST", "a.test", false},
        {"xn--bcher-kva.example.", "xn--bcher-kva.example", false},
        {"_x-y.test", "_x-y.test", false},
        {"localhost", "localhost", false},
        {"127.0.0.1", "127.0.0.1", true},
        {"::1", "::1", true},
        {"[::1]", "::1", true},
        {"[0:0:0:0:0:0:0:1]", "::1", true},
        {"2001:DB8::A", "2001:db8::a", true},
        {"fe80::1%eth0", "fe80::1", true},
        {"[fe80::1%lo]", "fe80::1", true},
    };
    for (const auto& each : cases) {
        const TlsName name = tls_name(each.given);
        EXPECT_EQ(name.text, each.normal) << each.given;
        EXPECT_EQ(name.is_ip, each.is_ip) << each.given;
        EXPECT_EQ(tls_name_of_peer(each.given), each.normal);
    }
}

TEST(TlsName, RefusesWhatCannotBeOne) {
    const std::string label(64, 'a');
    std::string longest;
    while (longest.size() < 254) {
        longest += "abcdefgh.";
    }
    const std::pair<std::string, const char*> cases[] = {
        {"", "is empty"},
        {".", "an empty label"},
        {"a..test", "an empty label"},
        {".a.test", "an empty label"},  // OpenSSL would match every subdomain
        {"a.test..", "an empty label"},
        {std::string("a.test\0.b.test", 14), "a zero byte"},
        {"a b.test", "a character"},
        {"*.a.test", "a character"},
        {"a.test:443", "a character"},
        {"a.test/x", "a character"},
        {label + ".test", "63 bytes"},
        {longest + "test", "253 bytes"},
        {"127.1", "is not one"},
        {"1.2.3.4.5", "is not one"},
        {"[127.0.0.1]", "a character"},
        {"[::1", "a character"},
        {"fe80::1%", "a character"},
    };
    for (const auto& [name, why] : cases) {
        EXPECT_NE(fault_of(name).find(why), std::string::npos) << fault_of(name);
        EXPECT_EQ(tls_name_of_peer(name), std::nullopt) << name;
    }
    EXPECT_EQ(tls_name(std::string(63, 'a') + ".test").text.size(), 68u);
    const std::string umlaut = "B\xc3\xbc"
                               "cher.example";
    EXPECT_EQ(tls_name(umlaut).text, "xn--bcher-kva.example");
    EXPECT_EQ(tls_name_of_peer(umlaut), std::nullopt) << "peers send ASCII";
    EXPECT_THROW(tls_name("\xc3.test"), std::invalid_argument);
}

}  // namespace
}  // namespace tendril::detail
