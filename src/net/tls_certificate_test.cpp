// SPDX-License-Identifier: MIT
//
// Certificates, lists and parameters that are unusual, or broken.

#include <tendril/tls.hpp>

#include <chrono>
#include <string>

#include <gtest/gtest.h>

#include "certificates.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

using testing::authority;
using Clock = std::chrono::system_clock;

// A certificate without an end ends in the year 9999; the clock, which counts nanoseconds, in 2262.
TEST(TlsCertificates, TimesBeyondTheClockAreItsEnds) {
    TlsCertificate odd = read_certificates(authority().issue("odd", {.to_days = 2'900'000}).certificate)[0];
    EXPECT_EQ(odd.not_after, Clock::time_point::max());
    const std::size_t year = odd.der.find("\x18\x0f"
                                          "99");  // GeneralizedTime, of 15 characters
    ASSERT_NE(year, std::string::npos);
    odd.der.replace(year + 2, 4, "0099");
    EXPECT_EQ(read_certificates(odd.pem())[0].not_after, Clock::time_point::min());
    const TlsCertificate usual = read_certificates(authority().issue("usual").certificate)[0];
    EXPECT_LT(usual.not_before, Clock::now());
    EXPECT_GT(usual.not_after, Clock::now() + 24h);
    EXPECT_LT(usual.not_after, Clock::now() + 31 * 24h);
}

}  // namespace
}  // namespace tendril
