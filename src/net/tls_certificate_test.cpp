// SPDX-License-Identifier: MIT
//
// Certificates, lists and parameters that are unusual, or broken.

#include <tendril/tls.hpp>

#include <chrono>
#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

#include "certificates.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

using testing::authority;
using testing::Identity;
using testing::server_identity;
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

TEST(TlsCertificates, AKeyOfUnknownKindIsRefused) {
    const Identity good = authority().issue("good");
    TlsCertificate broken = read_certificates(good.certificate)[0];
    const std::string kind("\x2a\x86\x48\xce\x3d\x02\x01", 7);  // id-ecPublicKey (RFC 5480)
    const std::size_t at = broken.der.find(kind);
    ASSERT_NE(at, std::string::npos);
    broken.der[at + kind.size() - 1] = 0x7f;
    EXPECT_THROW(TlsContext({.certificate = broken.pem(), .key = good.key}), TlsError);
    EXPECT_EQ(read_certificates(broken.pem())[0].subject, "CN = good");
}

TEST(TlsCertificates, ParametersOfACurveAreNoDhParameters) {
    const std::string curve = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n";
    const TlsOptions options{.server_side = true,
                             .certificate = server_identity().certificate,
                             .key = server_identity().key,
                             .dh_parameters = curve};
    EXPECT_THROW(TlsContext{options}, std::invalid_argument);
}

}  // namespace
}  // namespace tendril
