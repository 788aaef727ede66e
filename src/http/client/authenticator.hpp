// SPDX-License-Identifier: MIT
//
// Authenticator: what a Client knows of the servers and proxies that ask for credentials, and the fields that it sends
// them.
//
//   1. Credentials belong to one Party, an origin or a proxy, and go into no field for another.
//   2. No count is used twice with one nonce: green threads that send at the same time get different ones, and the
//      child of a fork() forgets the parent's nonces.
//   3. A request is sent at most `most_sent` times, so no server can make a client repeat one without end.

#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include <tendril/http/client_options.hpp>
#include <tendril/http/client_request.hpp>
#include <tendril/http/credentials.hpp>

#include "http/client/digest.hpp"

namespace tendril::http::detail {

// Who is authenticated to.
struct Party {
    bool proxy = false;
    std::string name;  // the origin of the server or proxy
    Credentials credentials;
    bool at_once = false;  // send Basic without having been asked: they were in the URL
    bool secure = false;

    const char* challenge_field() const noexcept { return proxy ? "Proxy-Authenticate" : "WWW-Authenticate"; }
    int status() const noexcept { return proxy ? 407 : 401; }

    // Returns: the server, with the credentials of the request, of its URL or of the options for this origin; nothing
    // if there are none, or the request has a field of its own.
    static std::optional<Party> server(const ClientRequest& request, const ClientOptions& options);
    // Returns: nothing for nullptr, and for a proxy without a user.
    static std::optional<Party> of_proxy(const Url* proxy);
};

// What was sent for one request.
struct AuthAttempt {
    enum class Kind : std::uint8_t { none, basic, digest } kind = Kind::none;
    std::string nonce{};
    unsigned challenged = 0;  // how often the server has refused it
};

class Authenticator {
public:
    // Returns: the value of the field for the next request; "" if none is to be sent, yet. Notes in `attempt` what it
    // is. Throws: std::invalid_argument: Basic cannot carry the credentials; std::runtime_error as digest_field().
    std::string field(const Party& party, std::string_view method, std::string_view target, AuthAttempt& attempt);

    // Learns from a refusal (401, 407). Returns: whether the request may succeed if it is sent again.
    bool learn(const Party& party, const Headers& response, AuthAttempt& attempt);

    // In the child of a fork().
    void forget() noexcept { known_.clear(); }

    // Takes a nextnonce from a response that is not a refusal: RFC 7616, 3.5.
    void note_info(const Party& party, const Headers& response, const AuthAttempt& attempt);

private:
    struct Known {
        std::optional<DigestChallenge> digest;  // nothing: Basic
        std::uint32_t count = 0;                // of requests with this nonce
        std::uint64_t used = 0;
    };
    Known* find(const Party& party) noexcept;
    void remember(const Party& party, std::optional<DigestChallenge> digest);

    std::map<std::string, Known, std::less<>> known_;
    std::uint64_t uses_ = 0;
};

}  // namespace tendril::http::detail
