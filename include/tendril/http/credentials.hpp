// SPDX-License-Identifier: MIT
// Floor: http
//
// Credentials: a user and a password; and for servers, how to ask for them and check them (Basic, RFC 7617).
//
//     const auto sent = http::basic_credentials(request.headers());
//     if (!sent || !http::same_credentials(*sent, {"aladdin", "open sesame"})) {
//         return http::ask_for_basic(response, "the cave");
//     }
//
// Basic sends the password in clear text: use it over TLS only. For many users, look up the entry by the name that was
// sent, and compare with one that no password can match if there is none, so that the time tells nothing. Better keep a
// slow hash than a password (compare the hashes by equal_in_constant_time(); compute them by offload()).
//
// Clients: ClientOptions::credentials. Pure but for ask_for_basic(); any thread.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tendril::http {

class Headers;
class Response;

// How a client shows that it knows the password.
//   best    as the server asks: Digest (SHA-512-256, SHA-256, MD5, in this order) rather than Basic. Nothing is sent
//           before the server has asked
//   digest  the same, but never Basic, which gives the password away. Who can change the server's answer could ask a
//           client for Basic, so this is for connections without TLS
//   basic   only Basic, and already with the first request
enum class AuthScheme : std::uint8_t { best, digest, basic };

struct Credentials {
    std::string user = {};                 // UTF-8; for Basic without a colon
    std::string password = {};             // UTF-8
    AuthScheme scheme = AuthScheme::best;  // for clients

    friend bool operator==(const Credentials&, const Credentials&) = default;  // not for passwords: see below
};

// Returns: what a client has sent in the field Authorization, as Basic; nothing if the field is missing, comes twice,
// is of another scheme or malformed, or has a control character in it.
std::optional<Credentials> basic_credentials(const Headers& request);

// Whether both texts are equal. The time depends on their lengths, not on where they differ, so that an attacker cannot
// find a secret out byte by byte. Throws: std::runtime_error without random numbers for its key, at the first call.
bool equal_in_constant_time(std::string_view a, std::string_view b);

// Whether user and password are equal, in constant time for both together.
bool same_credentials(const Credentials& sent, const Credentials& right);

// Answers 401, with a challenge that makes a browser ask its user: RFC 7617, 2. realm: says what for; any text without
// control characters. Yields. Throws: std::invalid_argument for a control character; as Response::send().
void ask_for_basic(Response& response, std::string_view realm);

}  // namespace tendril::http
