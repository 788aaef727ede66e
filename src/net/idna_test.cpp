// SPDX-License-Identifier: MIT

#include <tendril/idna.hpp>

#include <stdexcept>
#include <string>

#include "green_test.hpp"

namespace tendril {
namespace {

// In a green thread, on whose stack the library is loaded.
TENDRIL_TEST(Idna, NamesInOtherScripts) {
    EXPECT_EQ(idna_to_ascii("example.org"), "example.org");
    EXPECT_EQ(idna_to_ascii("no check of ASCII/"), "no check of ASCII/");
    EXPECT_EQ(idna_to_ascii("b\xc3\xbc"
                            "cher.example"),
              "xn--bcher-kva.example");
    EXPECT_EQ(idna_to_ascii("B\xc3\x9c"
                            "CHER.Example"),
              "xn--bcher-kva.example");
    EXPECT_EQ(idna_to_ascii("fa\xc3\x9f.de"), "xn--fa-hia.de") << "non-transitional: not fass";
    EXPECT_EQ(idna_to_ascii("\xe4\xbe\x8b\xe3\x80\x82"
                            "test"),
              "xn--fsq.test")
        << "an ideographic full stop";
    EXPECT_EQ(idna_to_unicode("XN--bcher-kva.example"), "b\xc3\xbc"
                                                        "cher.example");
    EXPECT_EQ(idna_to_unicode("example.org"), "example.org");
}

TENDRIL_TEST(Idna, BadNamesAreRefused) {
    const std::string umlaut = "\xc3\xbc";
    std::string label;
    for (int i = 0; i < 60; ++i) {
        label += umlaut + "a";
    }
    for (const std::string& bad : {std::string("\xc3.test"), umlaut + std::string("\0", 1), label,
                                   umlaut + std::string(2000, 'a'), umlaut + " .test",
                                   std::string("\xe2\x80\xae"
                                               "a.test")}) {
        EXPECT_THROW(idna_to_ascii(bad), std::invalid_argument) << bad;
    }
    EXPECT_THROW(idna_to_unicode("xn--a\xff"), std::invalid_argument);
    // They decode to a mark that turns the text, NEL, LINE SEPARATOR, C1, a joiner, a mark that vanishes.
    for (const char* bad : {"xn--ab-g4t", "xn--ab-qa", "x.xn--x-din.test", "xn--a", "xn--ab-m1t", "xn--a-6m0i"}) {
        EXPECT_THROW(idna_to_unicode(bad), std::invalid_argument) << bad;
    }
    for (const char* odd : {"_sip.xn--bcher-kva.test", "XN--Bcher-KVA.a_b.test.", "a-xn--b"}) {
        EXPECT_NO_THROW(idna_to_unicode(odd)) << odd;
    }
}

}  // namespace
}  // namespace tendril
