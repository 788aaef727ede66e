// SPDX-License-Identifier: MIT
//
// Certificates, lists and parameters that are unusual, or broken.

#include <tendril/tls.hpp>

#include <openssl/x509_vfy.h>

#include <chrono>
#include <fstream>
#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

#include "certificates.hpp"
#include "green_test.hpp"
#include "tls_setup.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

using testing::Authority;
using testing::authority;
using testing::code_of;
using testing::Identity;
using testing::server_identity;
using testing::text_of;
using Clock = std::chrono::system_clock;
using Pair = testing::TlsPair;
using Setup = testing::TlsSetup;

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

// What a session's handshake has verified is not verified again, so it must have been verified by the same lists.
TENDRIL_TEST(TlsRevocations, ANewListOfTheSameNameForgetsTheSessions) {
    const Authority root("root");
    const Identity leaf = root.issue("leaf");
    const testing::TemporaryFile lists(root.revocations({}));
    Setup setup;
    setup.client = {.ca_file = root.certificate(), .revocation = TlsRevocation::leaf, .crl_file = lists.path()};
    setup.server.certificate = leaf.certificate;
    setup.server.key = leaf.key;
    const TlsContext server(setup.server);
    Pair first = setup.connect_both(TlsContext(setup.client), server);
    ASSERT_EQ(text_of(first.client_error), "no error");
    Setup::exchange(first);
    setup.options.session = first.client.session();
    Pair again = setup.connect_both(TlsContext(setup.client), server);
    ASSERT_EQ(text_of(again.client_error), "no error");
    EXPECT_TRUE(again.client.resumed());
    Setup::exchange(again);
    setup.options.session = again.client.session();  // one of TLS 1.3 serves only once
    std::ofstream(lists.path()) << root.revocations({leaf.certificate});
    const Pair after = setup.connect_both(TlsContext(setup.client), server);
    EXPECT_EQ(code_of(after.client_error).value(), X509_V_ERR_CERT_REVOKED);
}

}  // namespace
}  // namespace tendril
