// SPDX-License-Identifier: MIT
//
// Certificates for tests, made when needed: an authority, and certificates that it signs. On the curve P-256, which is
// quick.

#pragma once

#include <memory>
#include <string>
#include <vector>

namespace tendril::testing {

struct CertificateOptions {
    std::vector<std::string> names = {"DNS:localhost", "IP:127.0.0.1"};
    int from_days = -1;  // from today on
    int to_days = 30;
    bool rsa = false;  // a key for RSA, the same for all; else one on a curve
};

struct Identity {
    std::string certificate;  // PEM
    std::string key;          // PEM
};

class Authority {
public:
    explicit Authority(const std::string& name);
    Authority(const std::string& name, const Authority& issuer);  // between the issuer and what it issues itself
    ~Authority();
    Identity issue(const std::string& name, const CertificateOptions& options = {}) const;
    const std::string& certificate() const noexcept { return pem_; }

    // Returns its list of revoked certificates, as PEM; it ends tomorrow, or did so yesterday.
    std::string revocations(const std::vector<std::string>& revoked_pem, bool outdated = false) const;

private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
    std::string pem_;
};

const Authority& authority();       // the authority that tests trust
const Identity& server_identity();  // for localhost and 127.0.0.1, signed by authority()
std::string encrypted_key(const Identity& identity, const std::string& password);

// A temporary file, removed when this is destroyed.
class TemporaryFile {
public:
    explicit TemporaryFile(const std::string& content = "");
    TemporaryFile(const TemporaryFile&) = delete;
    TemporaryFile& operator=(const TemporaryFile&) = delete;
    ~TemporaryFile();
    const std::string& path() const noexcept { return path_; }
    std::string content() const;

private:
    std::string path_;
};

}  // namespace tendril::testing
