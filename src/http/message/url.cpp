// SPDX-License-Identifier: MIT

#include <tendril/http/url.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <optional>
#include <stdexcept>

#include "http/message/authority.hpp"
#include "http/message/chars.hpp"
#include "http/message/uri.hpp"

namespace tendril::http {

namespace {

using detail::UriPart;

[[noreturn]] void refuse(const char* why) {
    throw std::invalid_argument(why);
}

std::uint16_t default_port(std::string_view scheme) noexcept {
    if (scheme == "http+unix") {
        return 0;
    }
    return scheme == "https" || scheme == "wss" ? 443 : 80;
}

std::string lowered(std::string_view text) {
    std::string result(text);
    std::transform(result.begin(), result.end(), result.begin(), detail::lower);
    return result;
}

// Resolvers accept 127.1, 0177.0.0.1 and 0x7f000001 as addresses; a program that checks a host before it connects does
// not.
bool looks_like_number(std::string_view label) noexcept {
    if (label.starts_with("0x")) {
        label.remove_prefix(2);
        return std::all_of(label.begin(), label.end(), [](char c) { return detail::hex_value(c) >= 0; });
    }
    return !label.empty() && std::all_of(label.begin(), label.end(), detail::is_digit);
}

void check_ipv4(const std::string& host) {
    in_addr address{};
    std::array<char, INET_ADDRSTRLEN> text{};
    if (inet_pton(AF_INET, host.c_str(), &address) != 1 ||
        inet_ntop(AF_INET, &address, text.data(), text.size()) != host) {
        refuse("a URL's host ends in a number but is not an IPv4 address of four decimal numbers");
    }
}

constexpr const char* not_ipv6 = "a URL's host in brackets is not an IPv6 address (zones are not supported)";

std::string normal_ipv6(std::string_view text) {
    in6_addr address{};
    std::array<char, INET6_ADDRSTRLEN> normal{};
    if (inet_pton(AF_INET6, std::string(text).c_str(), &address) != 1 ||
        inet_ntop(AF_INET6, &address, normal.data(), normal.size()) == nullptr) {
        refuse(not_ipv6);
    }
    return normal.data();
}

void check_label(std::string_view label) {
    if (label.empty() || label.size() > 63) {
        refuse("a URL's host has an empty part, or one of more than 63 characters");
    }
    for (const char c : label) {
        if (static_cast<unsigned char>(c) >= 0x80) {
            refuse("a URL's host has a non-ASCII character: give the name's ASCII form (xn--...)");
        }
        if (!detail::is_alpha(c) && !detail::is_digit(c) && c != '-' && c != '_') {
            refuse("a URL's host has a character that is not allowed in a host name");
        }
    }
}

std::string checked_name(std::string_view text) {
    std::string host = lowered(text);
    if (host.empty()) {
        refuse("a URL without a host");
    }
    if (host.size() > 253) {
        refuse("a URL's host has more than 253 characters");
    }
    std::string_view rest = host;
    if (rest.ends_with('.')) {
        rest.remove_suffix(1);
    }
    for (;;) {
        const std::size_t dot = rest.find('.');
        check_label(rest.substr(0, dot));
        if (dot == std::string_view::npos) {
            break;
        }
        rest.remove_prefix(dot + 1);
    }
    if (looks_like_number(rest)) {
        check_ipv4(host);
    }
    return host;
}

std::string checked_socket_path(std::string_view text) {
    std::string path = detail::decoded(text);
    if (path.size() < 2 || (path[0] != '/' && path[0] != '@')) {
        refuse("an http+unix URL's host is the socket's absolute path, or @name, with each / as %2F");
    }
    return path;
}

// Throws an error that says why parse_authority() refused the text.
[[noreturn]] void refuse_authority(std::string_view text) {
    if (text.starts_with('[')) {
        const std::size_t end = text.find(']');
        if (end == std::string_view::npos) {
            refuse("a URL's host begins with [ and has no ]");
        }
        const std::string_view behind = text.substr(end + 1);
        if (!detail::parse_authority(text.substr(0, end + 1)).has_value()) {
            refuse(not_ipv6);
        }
        if (!behind.starts_with(':')) {
            refuse("a URL's host is followed by something other than a port");
        }
    } else {
        checked_name(text.substr(0, text.find(':')));
    }
    refuse("a URL's port is not a number from 1 to 65535");
}

}  // namespace

struct detail::UrlParser {
    static void set_scheme(Url& url, std::string_view text) {
        url.scheme_ = lowered(text);
        constexpr std::array<std::string_view, 5> known{"http", "https", "ws", "wss", "http+unix"};
        if (std::find(known.begin(), known.end(), url.scheme_) == known.end()) {
            refuse("a URL's scheme is none of http, https, ws, wss and http+unix");
        }
    }

    static void set_authority(Url& url, std::string_view text, UserInfo userinfo) {
        url.user_.clear();
        url.password_.clear();
        url.port_ = default_port(url.scheme_);
        if (const std::size_t at = text.rfind('@'); at != std::string_view::npos) {
            if (userinfo == UserInfo::refused) {
                refuse("a URL with a user before the host, which is not allowed here");
            }
            set_userinfo(url, text.substr(0, at));
            text.remove_prefix(at + 1);
        }
        if (url.is_unix()) {
            url.host_ = checked_socket_path(text);
            return;
        }
        const std::optional<Authority> found = parse_authority(text);
        if (!found.has_value()) {
            refuse_authority(text);
        }
        url.host_ = found->kind == Authority::Kind::name ? checked_name(found->host) : normal_ipv6(found->host);
        url.port_ = found->port.value_or(url.port_);
    }

    static void set_userinfo(Url& url, std::string_view text) {
        const std::size_t colon = text.find(':');
        url.user_ = decoded(text.substr(0, colon));
        if (colon != std::string_view::npos) {
            url.password_ = decoded(text.substr(colon + 1));
        }
    }

    // Requires: the path begins with "/" or is empty.
    static void set_path(Url& url, std::string_view text) {
        url.path_ = remove_dot_segments(encoded(text, UriPart::path));
        if (url.path_.empty()) {
            url.path_ = "/";
        }
    }

    static void set_query(Url& url, std::optional<std::string_view> query) {
        url.has_query_ = query.has_value();
        url.query_ = encoded(query.value_or(""), UriPart::query);
    }

    static void set_fragment(Url& url, std::optional<std::string_view> fragment) {
        url.has_fragment_ = fragment.has_value();
        url.fragment_ = encoded(fragment.value_or(""), UriPart::query);
    }

    static UriReference split(std::string_view text) {
        if (text.size() > Url::longest) {
            refuse("a URL of more than 64 KiB");
        }
        if (text.starts_with(' ') || text.ends_with(' ')) {
            refuse("a URL with a blank before or after it");
        }
        return split_reference(text);
    }

    // Checks the length again, now that everything is encoded.
    static void check_length(const Url& url) {
        if (url.path_.size() + url.query_.size() + url.fragment_.size() + 3 * url.host_.size() > Url::longest) {
            refuse("a URL of more than 64 KiB");
        }
    }

    static void parse(Url& url, const UriReference& parts, UserInfo userinfo) {
        if (!parts.scheme.has_value()) {
            refuse("a URL without a scheme: it must begin with http:// or https://");
        }
        set_scheme(url, *parts.scheme);
        if (!parts.authority.has_value()) {
            refuse("a URL without a host: // must follow the scheme");
        }
        set_authority(url, *parts.authority, userinfo);
        set_path(url, parts.path);
        set_query(url, parts.query);
        set_fragment(url, parts.fragment);
        check_length(url);
    }

    // Applies a reference: RFC 3986, 5.2.2. Parts that the reference leaves out stay.
    static void apply(Url& url, const UriReference& parts) {
        if (parts.authority.has_value()) {
            set_authority(url, *parts.authority, UserInfo::refused);
            set_path(url, parts.path);
            set_query(url, parts.query);
        } else if (parts.path.empty()) {
            if (parts.query.has_value()) {
                set_query(url, parts.query);
            }
        } else {
            set_path(url, parts.path.starts_with('/') ? std::string(parts.path) : merge_paths(url.path_, parts.path));
            set_query(url, parts.query);
        }
        set_fragment(url, parts.fragment);
        check_length(url);
    }
};

Url::Url(std::string_view text, UserInfo userinfo) {
    detail::UrlParser::parse(*this, detail::UrlParser::split(text), userinfo);
}

Url Url::resolve(std::string_view reference) const {
    const detail::UriReference parts = detail::UrlParser::split(reference);
    Url url;
    if (parts.scheme.has_value()) {
        detail::UrlParser::parse(url, parts, UserInfo::refused);
    } else {
        url = *this;
        detail::UrlParser::apply(url, parts);
    }
    return url;
}

bool Url::has_default_port() const noexcept {
    return port_ == default_port(scheme_);
}

std::string Url::target() const {
    return has_query_ ? path_ + "?" + query_ : path_;
}

std::string Url::host_header() const {
    if (is_unix()) {
        return "localhost";
    }
    std::string text = host_.find(':') != std::string::npos ? "[" + host_ + "]" : host_;
    return has_default_port() ? text : text + ":" + std::to_string(port_);
}

std::string Url::origin() const {
    return scheme_ + "://" + (is_unix() ? detail::encode_all(host_, UriPart::unreserved) : host_header());
}

bool Url::same_origin(const Url& other) const noexcept {
    return scheme_ == other.scheme_ && host_ == other.host_ && port_ == other.port_;
}

std::string Url::to_string() const {
    return origin() + target() + (has_fragment_ ? "#" + fragment_ : "");
}

Url Url::without_fragment() const {
    Url url = *this;
    url.fragment_.clear();
    url.has_fragment_ = false;
    return url;
}

}  // namespace tendril::http
