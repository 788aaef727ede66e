// SPDX-License-Identifier: MIT

#include "http/message/basic.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <stdexcept>

#include <tendril/http/credentials.hpp>

#include "http/message/chars.hpp"
#include "http/message/parameters.hpp"

namespace tendril::http {

namespace detail {

namespace {

constexpr std::size_t most_challenges = 16;
constexpr std::size_t most_parameters = 32;

bool has_control(std::string_view text) noexcept {
    return std::any_of(text.begin(), text.end(),
                       [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

std::string encoded(std::string_view plain) {
    std::string coded(4 * ((plain.size() + 2) / 3) + 1, '\0');
    const int n = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(coded.data()),
                                  reinterpret_cast<const unsigned char*>(plain.data()), static_cast<int>(plain.size()));
    coded.resize(static_cast<std::size_t>(n));
    return coded;
}

// Takes the blanks behind it as well.
std::string_view take_token(std::string_view& rest) noexcept {
    const auto end = std::find_if_not(rest.begin(), rest.end(), is_token_char);
    const std::string_view token = rest.substr(0, static_cast<std::size_t>(end - rest.begin()));
    rest = trimmed(rest.substr(token.size()));
    return token;
}

bool add_parameter(Challenge& to, std::string_view element) {
    std::string text(take_token(element));
    text.append(element.substr(0, 1)).append(trimmed(element.substr(std::min<std::size_t>(1, element.size()))));
    std::string_view rest = text;  // the element without blanks around its "=": RFC 9110, 11.2
    std::string name;
    std::string value;
    if (next_parameter(rest, name, value, Backslash::any) != Found::one || !trimmed(rest).empty() ||
        to.parameters.size() == most_parameters ||
        std::any_of(to.parameters.begin(), to.parameters.end(), [&](const auto& each) { return each.first == name; })) {
        return false;
    }
    to.parameters.emplace_back(std::move(name), std::move(value));
    return true;
}

std::string in_lower_case(std::string_view text) {
    std::string all(text);
    std::transform(all.begin(), all.end(), all.begin(), lower);
    return all;
}

// Adds the challenges of one field. An element is a scheme, alone or with its first parameter, or one more parameter.
void parse_field_value(std::string_view value, std::vector<Challenge>& all) {
    Challenge now;
    bool good = false;  // whether `now` is one
    const auto end = [&] {
        if (good && all.size() < most_challenges) {
            all.push_back(std::move(now));
        }
        now = {};
    };
    for (std::string_view element; next_in_list(value, element);) {
        std::string_view rest = element;
        const std::string_view token = take_token(rest);
        if (rest.starts_with('=')) {
            good = good && add_parameter(now, element);
            continue;
        }
        end();
        now.scheme = in_lower_case(token);
        good = !token.empty() && (rest.empty() || add_parameter(now, rest));
    }
    end();
}

}  // namespace

std::string basic_field(std::string_view user, std::string_view password) {
    if (user.find(':') != std::string_view::npos) {
        throw std::invalid_argument("a user name with a colon, which Basic authentication cannot carry");
    }
    if (has_control(user) || has_control(password)) {
        throw std::invalid_argument("a control character in a user name or a password");
    }
    std::string plain(user);
    plain.append(":").append(password);
    return "Basic " + encoded(plain);
}

void append_quoted(std::string& out, std::string_view text) {
    out += '"';
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            out += '\\';
        }
        out += c;
    }
    out += '"';
}

std::string_view Challenge::parameter(std::string_view name) const noexcept {
    const auto at =
        std::find_if(parameters.begin(), parameters.end(), [&](const auto& each) { return each.first == name; });
    return at != parameters.end() ? std::string_view(at->second) : std::string_view();
}

std::vector<Challenge> parse_challenges(const Headers& headers, std::string_view name) {
    std::vector<Challenge> all;
    for (const std::string_view value : headers.values(name)) {
        parse_field_value(value, all);
    }
    return all;
}

Challenge parse_auth_info(std::string_view value) {
    Challenge info;
    for (std::string_view element; next_in_list(value, element);) {
        if (!add_parameter(info, element)) {
            return {};
        }
    }
    return info;
}

}  // namespace detail

namespace {

// Decodes base64 with its padding; strictly, so that a password has one form only.
std::optional<std::string> decoded(std::string_view text) {
    if (text.size() % 4 != 0) {
        return std::nullopt;
    }
    const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
    std::string plain(text.size() / 4 * 3, '\0');
    if (EVP_DecodeBlock(reinterpret_cast<unsigned char*>(plain.data()),
                        reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size())) < 0) {
        return std::nullopt;
    }
    plain.resize(plain.size() - padding);
    return detail::encoded(plain) == text ? std::optional(std::move(plain)) : std::nullopt;  // no bits are left over
}

using Code = std::array<unsigned char, EVP_MAX_MD_SIZE>;

// Returns: a code of fixed length, which nobody outside can predict.
Code code_of(std::string_view text) {
    static const std::array<unsigned char, 32> key = [] {
        std::array<unsigned char, 32> made{};
        if (RAND_bytes(made.data(), static_cast<int>(made.size())) != 1) {
            throw std::runtime_error("no random numbers to compare secrets with");
        }
        return made;
    }();
    Code code{};
    if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
             reinterpret_cast<const unsigned char*>(text.data()), text.size(), code.data(), nullptr) == nullptr) {
        throw std::runtime_error("SHA-256 failed");
    }
    return code;
}

}  // namespace

std::optional<Credentials> basic_credentials(const Headers& request) {
    const std::string_view value = request.get("Authorization");
    constexpr std::string_view scheme = "basic ";
    if (request.count("Authorization") != 1 || value.size() < scheme.size() ||
        !detail::same_ignoring_case(value.substr(0, scheme.size()), scheme)) {
        return std::nullopt;
    }
    const std::optional<std::string> plain = decoded(detail::trimmed(value.substr(scheme.size())));
    const std::size_t colon = plain.has_value() ? plain->find(':') : std::string::npos;
    if (colon == std::string::npos || detail::has_control(*plain)) {
        return std::nullopt;
    }
    return Credentials{plain->substr(0, colon), plain->substr(colon + 1), AuthScheme::basic};
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
    const Code x = code_of(a);
    const Code y = code_of(b);
    return CRYPTO_memcmp(x.data(), y.data(), x.size()) == 0;
}

bool same_credentials(const Credentials& sent, const Credentials& right) {
    const bool user = equal_in_constant_time(sent.user, right.user);
    const bool password = equal_in_constant_time(sent.password, right.password);
    return static_cast<int>(user) + static_cast<int>(password) == 2;  // no early end
}

}  // namespace tendril::http
