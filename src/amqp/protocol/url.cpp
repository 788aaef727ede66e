// SPDX-License-Identifier: MIT

#include <tendril/amqp/url.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <stdexcept>
#include <utility>

#include "base/host_port.hpp"

namespace tendril::amqp {

namespace {

namespace base = tendril::detail;

constexpr std::size_t longest_vhost = 255;

[[noreturn]] void refuse(std::string_view why) {
    throw std::invalid_argument("the broker's URL (not shown, as it may hold a password): " + std::string(why));
}

int hex_digit(char c) noexcept {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

// part: for the text of an error.
std::string decoded(std::string_view text, std::string_view part) {
    std::string plain;
    plain.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            plain += text[i];
            continue;
        }
        const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
        const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
        if (high < 0 || low < 0) {
            refuse("a % in " + std::string(part) + " without two hexadecimal digits; a % itself is written %25");
        }
        plain += static_cast<char>(high * 16 + low);
        i += 2;
    }
    if (plain.find('\0') != std::string::npos) {
        refuse("a zero byte (%00) in " + std::string(part));
    }
    return plain;
}

bool is_plain(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
           c == '_' || c == '~';
}

// All but letters, digits, "-._~", and what `besides` has.
std::string encoded(std::string_view text, std::string_view besides = "") {
    constexpr std::string_view hex = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (is_plain(c) || besides.find(c) != std::string_view::npos) {
            out += c;
        } else {
            out += {'%', hex[byte >> 4], hex[byte & 15]};
        }
    }
    return out;
}

std::string lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return out;
}

// Splits at the first `at`. Returns: what stands before and behind; nothing behind if there is none.
std::pair<std::string_view, std::optional<std::string_view>> cut(std::string_view text, char at) {
    const std::size_t i = text.find(at);
    if (i == std::string_view::npos) {
        return {text, std::nullopt};
    }
    return {text.substr(0, i), text.substr(i + 1)};
}

template <class N>
N number(std::string_view text, std::string_view name, N most) {
    N n = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
    if (error != std::errc() || end != text.data() + text.size() || text.empty() || n > most) {
        refuse(std::string(name) + " is not a number from 0 to " + std::to_string(most));
    }
    return n;
}

void check_host(std::string_view name, bool in_brackets) {
    if (name.empty()) {
        refuse("one of its hosts has no name");
    }
    const auto odd = [in_brackets](char c) {
        return in_brackets ? !is_plain(c) && c != ':' && c != '%'  // which begins the name of a zone
                           : c == ':' || c == '[' || c == ']' || static_cast<unsigned char>(c) <= ' ' || c == '\x7f';
    };
    if (std::any_of(name.begin(), name.end(), odd) || (in_brackets && name.find(':') == std::string_view::npos)) {
        refuse(in_brackets ? "what stands in brackets is not an IPv6 address"
                           : "a host has a character that none can have");
    }
}

Url::Host parse_host(std::string_view text, bool secure) {
    const base::HostAndPort split = base::split_host_and_port(text);
    if (split.fault == base::HostAndPort::Fault::bare_colons) {
        refuse("more than one ':' in a host; an IPv6 address stands in brackets, and in a user's name or password ':' "
               "is written %3A, '@' %40, '/' %2F");
    }
    if (split.fault != base::HostAndPort::Fault::none) {
        refuse("the brackets around an IPv6 address do not match");
    }
    Url::Host host{decoded(split.host, "a host"), static_cast<std::uint16_t>(secure ? 5671 : 5672)};
    check_host(host.name, split.in_brackets);
    if (split.port && !split.port->empty()) {
        const auto port = base::parse_port(*split.port);
        if (!port || *port == 0 || *port > base::largest_port) {
            refuse("the port of a host is not a number from 1 to 65535; in a user's name or password ':' is written "
                   "%3A, '@' %40, '/' %2F, '?' %3F");
        }
        host.port = static_cast<std::uint16_t>(*port);
    }
    return host;
}

std::vector<Url::Host> parse_hosts(std::string_view text, bool secure) {
    if (text.empty()) {
        text = "localhost";
    }
    std::vector<Url::Host> hosts;
    std::optional<std::string_view> rest = text;
    while (rest) {
        const auto [host, more] = cut(*rest, ',');
        hosts.push_back(parse_host(host, secure));
        rest = more;
    }
    return hosts;
}

std::string parse_vhost(std::string_view path) {
    if (path.find('/') != std::string_view::npos) {
        refuse("a '/' in the name of the vhost is written %2F");
    }
    // It could be the end of a login with an unescaped '/', which would show as the vhost's name.
    if (path.find('@') != std::string_view::npos) {
        refuse("an '@' in the name of the vhost is written %40, a '/' in a password %2F");
    }
    std::string vhost = decoded(path, "the vhost");
    if (vhost.size() > longest_vhost) {
        refuse("the name of the vhost has more than 255 bytes");
    }
    return vhost;
}

}  // namespace

Url::Url(std::string_view text) {
    const bool plain = std::none_of(text.begin(), text.end(),
                                    [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == '\x7f'; });
    if (!plain) {
        refuse("a blank or a control character; a blank is written %20");
    }
    const std::size_t colon = text.find("://");
    const std::string scheme = lower(text.substr(0, colon == std::string_view::npos ? 0 : colon));
    if (scheme != "amqp" && scheme != "amqps") {
        refuse("it must begin with amqp:// or amqps://");
    }
    secure_ = scheme == "amqps";
    text.remove_prefix(colon + 3);
    if (text.find('#') != std::string_view::npos) {
        refuse("a '#' is written %23");
    }
    const auto [before_query, query] = cut(text, '?');
    const auto [authority, path] = cut(before_query, '/');
    read_authority(authority);
    if (path) {
        vhost_ = parse_vhost(*path);
    }
    if (query) {
        read_query(*query);
    }
}

void Url::read_authority(std::string_view authority) {
    const auto [login, hosts] = cut(authority, '@');
    if (hosts) {
        if (hosts->find('@') != std::string_view::npos) {
            refuse("an '@' in a user's name or password is written %40");
        }
        const auto [user, password] = cut(login, ':');
        user_ = decoded(user, "the user's name");
        password_ = decoded(password.value_or(""), "the password");
    }
    hosts_ = parse_hosts(hosts.value_or(login), secure_);
}

void Url::read_query(std::string_view query) {
    std::optional<std::string_view> rest = query;
    for (std::size_t number = 1; rest; ++number) {
        const auto [parameter, more] = cut(*rest, '&');
        if (!parameter.empty()) {
            const auto [name, value] = cut(parameter, '=');
            read_parameter(number, decoded(name, "the query"), decoded(value.value_or(""), "the query"));
        }
        rest = more;
    }
}

void Url::read_parameter(std::size_t position, std::string_view name, std::string value) {
    struct Text {
        std::string_view name;
        std::string Url::*member;
    };
    constexpr std::array texts{Text{"cacertfile", &Url::ca_file_}, Text{"certfile", &Url::certificate_file_},
                               Text{"keyfile", &Url::key_file_}, Text{"server_name_indication", &Url::server_name_}};
    const auto* const text = std::find_if(texts.begin(), texts.end(), [&](const Text& t) { return t.name == name; });
    if (text != texts.end() || name == "verify") {
        if (!secure_) {
            refuse("parameters of TLS (" + std::string(text != texts.end() ? text->name : "verify") +
                   ") need amqps://");
        }
    }
    if (text != texts.end()) {
        this->*text->member = std::move(value);
    } else if (name == "verify") {
        if (value != "verify_peer" && value != "verify_none") {
            refuse("verify is verify_peer or verify_none");
        }
        verify_ = value == "verify_peer";
    } else if (name == "heartbeat") {
        heartbeat_ = std::chrono::seconds(number<std::uint32_t>(value, name, UINT16_MAX));
    } else if (name == "connection_timeout") {
        connection_timeout_ = std::chrono::milliseconds(number<std::uint32_t>(value, name, UINT32_MAX));
    } else if (name == "channel_max") {
        channel_max_ = static_cast<std::uint16_t>(number<std::uint32_t>(value, name, UINT16_MAX));
    } else if (name == "auth_mechanism") {
        auth_mechanism_ = lower(value);
        if (auth_mechanism_ != "plain" && auth_mechanism_ != "external") {
            refuse("auth_mechanism is plain or external");
        }
    } else {
        // Its name is not quoted: a password with an unescaped '?' ends up here.
        refuse("parameter " + std::to_string(position) +
               " of its query is not known; there are heartbeat, connection_timeout, channel_max, auth_mechanism, "
               "cacertfile, certfile, keyfile, verify, server_name_indication");
    }
}

std::string Url::to_string() const {
    std::string text = secure_ ? "amqps://" : "amqp://";
    const char* separator = "";
    for (const Host& host : hosts_) {
        text += separator;
        text += host.name.find(':') == std::string::npos ? encoded(host.name) : "[" + encoded(host.name, ":") + "]";
        text += ':';
        text += std::to_string(host.port);
        separator = ",";
    }
    text += '/';
    text += encoded(vhost_);
    return text;
}

}  // namespace tendril::amqp
