// SPDX-License-Identifier: MIT

#include "http/client/authenticator.hpp"

#include <algorithm>
#include <utility>

#include "http/message/basic.hpp"

namespace tendril::http::detail {

namespace {

constexpr std::size_t most_known = 256;
constexpr unsigned most_sent = 3;  // with an old nonce, with a new one, and once more if that was stale

std::string key_of(const Party& party) {
    return (party.proxy ? "proxy " : "") + party.name;
}

// Returns: the challenge that is safest to answer.
std::optional<DigestChallenge> best_digest(const std::vector<Challenge>& all) {
    std::optional<DigestChallenge> best;
    for (const Challenge& each : all) {
        if (std::optional<DigestChallenge> one = DigestChallenge::of(each);
            one.has_value() && (!best.has_value() || one->hash > best->hash)) {
            best = std::move(one);
        }
    }
    return best;
}

}  // namespace

std::optional<Party> Party::server(const ClientRequest& request, const ClientOptions& options) {
    const Url& url = request.url;
    if (!request.credentials.has_value() && url.user().empty() && options.credentials.empty()) {
        return std::nullopt;
    }
    if (request.headers.contains("Authorization")) {
        return std::nullopt;
    }
    Party party;
    party.name = url.origin();
    party.secure = url.secure();
    if (request.credentials.has_value()) {
        party.credentials = *request.credentials;
    } else if (!url.user().empty()) {
        party.credentials = {url.user(), url.password()};
        party.at_once = true;
    } else if (const auto at = options.credentials.find(party.name); at != options.credentials.end()) {
        party.credentials = at->second;
    } else {
        return std::nullopt;
    }
    return party;
}

std::optional<Party> Party::of_proxy(const Url* proxy) {
    if (proxy == nullptr || proxy->user().empty()) {
        return std::nullopt;
    }
    return Party{true, proxy->origin(), {proxy->user(), proxy->password()}, true, proxy->secure()};
}

Authenticator::Known* Authenticator::find(const Party& party) noexcept {
    const auto at = known_.find(key_of(party));
    if (at == known_.end()) {
        return nullptr;
    }
    at->second.used = ++uses_;
    return &at->second;
}

void Authenticator::remember(const Party& party, std::optional<DigestChallenge> digest) {
    Known& known = known_[key_of(party)];
    // A server may give one nonce to several requests that it refuses at the same time.
    const bool counts_on = digest.has_value() && known.digest.has_value() && digest->nonce == known.digest->nonce;
    known = {std::move(digest), counts_on ? known.count : 0, ++uses_};
    if (known_.size() > most_known) {
        known_.erase(std::min_element(known_.begin(), known_.end(),
                                      [](const auto& a, const auto& b) { return a.second.used < b.second.used; }));
    }
}

std::string Authenticator::field(const Party& party, std::string_view method, std::string_view target,
                                 AuthAttempt& attempt) {
    const Credentials& credentials = party.credentials;
    Known* const known = credentials.scheme != AuthScheme::basic ? find(party) : nullptr;
    if (known != nullptr && known->digest.has_value() && known->count < UINT32_MAX) {
        attempt.kind = AuthAttempt::Kind::digest;
        attempt.nonce = known->digest->nonce;
        return digest_field(*known->digest, credentials, method, target, ++known->count, make_cnonce());
    }
    const bool asks_basic = known != nullptr ? !known->digest.has_value() : party.at_once;
    const bool basic =
        credentials.scheme == AuthScheme::basic || (credentials.scheme == AuthScheme::best && asks_basic);
    attempt.kind = basic ? AuthAttempt::Kind::basic : AuthAttempt::Kind::none;
    return basic ? basic_field(credentials.user, credentials.password) : std::string();
}

bool Authenticator::learn(const Party& party, const Headers& response, AuthAttempt& attempt) {
    using Kind = AuthAttempt::Kind;
    const std::vector<Challenge> asked = parse_challenges(response, party.challenge_field());
    const bool first = attempt.challenged++ == 0;
    if (attempt.challenged >= most_sent || party.credentials.scheme == AuthScheme::basic) {
        return false;
    }
    if (std::optional<DigestChallenge> digest = best_digest(asked)) {
        // A nonce from before this request may be too old, although the server does not say so.
        const bool worth_it =
            attempt.kind != Kind::digest || digest->stale || (first && digest->nonce != attempt.nonce);
        remember(party, std::move(digest));
        return worth_it;
    }
    const bool offers_basic =
        std::any_of(asked.begin(), asked.end(), [](const Challenge& each) { return each.scheme == "basic"; });
    if (!offers_basic || party.credentials.scheme != AuthScheme::best || attempt.kind == Kind::basic) {
        return false;
    }
    const Known* const known = find(party);
    if (known != nullptr && known->digest.has_value() && !party.secure) {
        return false;  // somebody on the way may want to see the password
    }
    remember(party, std::nullopt);
    return true;
}

void Authenticator::note_info(const Party& party, const Headers& response, const AuthAttempt& attempt) {
    const std::string_view info = response.get(party.proxy ? "Proxy-Authentication-Info" : "Authentication-Info");
    if (info.empty() || attempt.kind != AuthAttempt::Kind::digest) {
        return;
    }
    const Challenge said = parse_auth_info(info);
    Known* const known = find(party);
    if (const std::string_view next = said.parameter("nextnonce"); !next.empty() && next != attempt.nonce &&
                                                                   known != nullptr && known->digest.has_value() &&
                                                                   known->digest->nonce == attempt.nonce) {
        known->digest->nonce = next;
        known->count = 0;
    }
}

}  // namespace tendril::http::detail
