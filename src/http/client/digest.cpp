// SPDX-License-Identifier: MIT

#include "http/client/digest.hpp"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <span>
#include <stdexcept>

#include <tendril/http/form.hpp>

#include "http/message/chars.hpp"

namespace tendril::http::detail {

namespace {

constexpr std::string_view digits = "0123456789abcdef";

std::string hex(std::span<const unsigned char> bytes) {
    std::string text;
    for (const unsigned char byte : bytes) {
        text += digits[byte >> 4];
        text += digits[byte & 15];
    }
    return text;
}

const EVP_MD* method_of(DigestHash hash) noexcept {
    switch (hash) {
    case DigestHash::sha512_256:
        return EVP_sha512_256();
    case DigestHash::sha256:
        return EVP_sha256();
    default:
        return EVP_md5();
    }
}

// Hashes the parts with ":" between them: H(a:b:c) of the RFC.
std::string hashed(DigestHash hash, std::initializer_list<std::string_view> parts) {
    std::string all;
    for (const std::string_view part : parts) {
        all.append(part).append(":");
    }
    all.pop_back();
    std::array<unsigned char, EVP_MAX_MD_SIZE> made{};
    unsigned size = 0;
    if (EVP_Digest(all.data(), all.size(), made.data(), &size, method_of(hash), nullptr) != 1) {
        throw std::runtime_error("OpenSSL has not the hash that Digest authentication asks for");
    }
    return hex({made.data(), size});
}

bool lists(std::string_view list, std::string_view wanted) noexcept {
    for (std::string_view element; next_in_list(list, element);) {
        if (same_ignoring_case(element, wanted)) {
            return true;
        }
    }
    return false;
}

bool set_algorithm(DigestChallenge& made, std::string_view name) {
    made.algorithm = name;
    constexpr std::string_view sess = "-sess";
    if (name.size() > sess.size() && same_ignoring_case(name.substr(name.size() - sess.size()), sess)) {
        made.session = true;
        name.remove_suffix(sess.size());
    }
    if (name.empty() || same_ignoring_case(name, "MD5")) {
        made.hash = DigestHash::md5;
    } else if (same_ignoring_case(name, "SHA-256")) {
        made.hash = DigestHash::sha256;
    } else if (same_ignoring_case(name, "SHA-512-256")) {
        made.hash = DigestHash::sha512_256;
    } else {
        return false;
    }
    return true;
}

void append(std::string& out, std::string_view name, std::string_view value, bool quoted) {
    out.append(out.ends_with(' ') ? "" : ", ").append(name).append("=");
    if (quoted) {
        append_quoted(out, value);
    } else {
        out.append(value);
    }
}

// The user's name: hashed, as it is, or percent-encoded if it is not ASCII: RFC 7616, 3.4.
void append_user(std::string& out, const DigestChallenge& asked, const std::string& user) {
    if (asked.hash_user) {
        append(out, "username", hashed(asked.hash, {user, asked.realm}), true);
        append(out, "userhash", "true", false);
    } else if (std::all_of(user.begin(), user.end(), [](char c) { return c >= ' ' && c < 0x7f; })) {
        append(out, "username", user, true);
    } else {
        append(out, "username*", "UTF-8''" + percent_encode(user), false);
    }
}

}  // namespace

std::optional<DigestChallenge> DigestChallenge::of(const Challenge& challenge) {
    DigestChallenge made;
    const std::string_view qop = challenge.parameter("qop");
    made.nonce = challenge.parameter("nonce");
    if (challenge.scheme != "digest" || made.nonce.empty() || !set_algorithm(made, challenge.parameter("algorithm")) ||
        (!qop.empty() && !lists(qop, "auth"))) {
        return std::nullopt;
    }
    made.realm = challenge.parameter("realm");
    made.opaque = challenge.parameter("opaque");
    made.qop = !qop.empty();
    made.stale = same_ignoring_case(challenge.parameter("stale"), "true");
    made.hash_user = same_ignoring_case(challenge.parameter("userhash"), "true");
    return made;
}

std::string digest_field(const DigestChallenge& asked, const Credentials& credentials, std::string_view method,
                         std::string_view target, std::uint32_t count, std::string_view cnonce) {
    std::string nc(8, '0');
    for (std::size_t i = 0; i < nc.size(); ++i) {
        nc[nc.size() - 1 - i] = digits[(count >> (4 * i)) & 15];
    }
    std::string secret = hashed(asked.hash, {credentials.user, asked.realm, credentials.password});
    if (asked.session) {
        secret = hashed(asked.hash, {secret, asked.nonce, cnonce});
    }
    const std::string what = hashed(asked.hash, {method, target});
    const std::string answer = asked.qop ? hashed(asked.hash, {secret, asked.nonce, nc, cnonce, "auth", what})
                                         : hashed(asked.hash, {secret, asked.nonce, what});
    std::string out = "Digest ";
    append_user(out, asked, credentials.user);
    append(out, "realm", asked.realm, true);
    append(out, "nonce", asked.nonce, true);
    append(out, "uri", target, true);
    append(out, "response", answer, true);
    if (!asked.algorithm.empty()) {
        append(out, "algorithm", asked.algorithm, !is_token(asked.algorithm));
    }
    if (!asked.opaque.empty()) {
        append(out, "opaque", asked.opaque, true);
    }
    if (asked.qop) {
        append(out, "qop", "auth", false);
        append(out, "nc", nc, false);
    }
    if (asked.qop || asked.session) {
        append(out, "cnonce", cnonce, true);
    }
    return out;
}

std::string make_cnonce() {
    std::array<unsigned char, 16> random{};
    if (RAND_bytes(random.data(), static_cast<int>(random.size())) != 1) {
        throw std::runtime_error("no random numbers for Digest authentication");
    }
    return hex(random);
}

}  // namespace tendril::http::detail
