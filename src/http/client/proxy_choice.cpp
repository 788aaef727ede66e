// SPDX-License-Identifier: MIT

#include "http/client/proxy_choice.hpp"

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <utility>

#include <tendril/network.hpp>

#include "base/escape.hpp"
#include "http/message/chars.hpp"

namespace tendril::http {

namespace detail {

namespace {

constexpr std::size_t most_quoted = 120;  // bytes of an exception, which may be anything

// An exception, split.
struct Rule {
    std::string_view host;
    std::optional<std::uint64_t> port{};  // nothing: all
};

// Returns: nothing if what should be a port is not one: such a rule must not hold for all ports.
std::optional<Rule> split(std::string_view text) noexcept {
    std::string_view behind;  // the host
    Rule rule{text};
    if (text.starts_with('[')) {
        const std::size_t end = text.find(']');
        if (end == std::string_view::npos) {
            return std::nullopt;
        }
        rule.host = text.substr(1, end - 1);
        behind = text.substr(end + 1);
    } else if (const std::size_t colon = text.find(':');
               colon != std::string_view::npos && text.find(':', colon + 1) == std::string_view::npos) {
        rule.host = text.substr(0, colon);
        behind = text.substr(colon);
    }
    if (!behind.empty()) {
        rule.port = parse_decimal(behind.substr(1));
        if (behind.front() != ':' || !rule.port.has_value() || *rule.port == 0 || *rule.port > UINT16_MAX) {
            return std::nullopt;
        }
    }
    return rule;
}

std::string_view without_dots(std::string_view host) noexcept {
    while (host.starts_with('.')) {
        host.remove_prefix(1);
    }
    while (host.ends_with('.')) {
        host.remove_suffix(1);
    }
    return host;
}

bool is_in_domain(std::string_view host, std::string_view domain) noexcept {
    if (domain.empty() || host.size() < domain.size()) {
        return false;
    }
    const std::size_t before = host.size() - domain.size();
    return same_ignoring_case(host.substr(before), domain) && (before == 0 || host[before - 1] == '.');
}

// Whether a Url's host is an address: then its last part is a number, or it has a colon.
bool is_address(std::string_view host) noexcept {
    const std::string_view last = host.substr(host.rfind('.') + 1);
    return host.find(':') != std::string_view::npos || std::all_of(last.begin(), last.end(), is_digit);
}

std::optional<Network> network_of(std::string_view text) {
    try {
        return Network::parse(text);
    } catch (const std::invalid_argument&) {
        return std::nullopt;
    }
}

bool matches(const Url& url, std::string_view text) {
    const std::optional<Rule> rule = split(text);
    if (!rule.has_value() || (rule->port.has_value() && *rule->port != url.port())) {
        return false;
    }
    const std::string_view host = without_dots(url.host());
    const std::string_view wanted = without_dots(rule->host);
    if (wanted == "*") {
        return true;
    }
    if (!is_address(host)) {
        return is_in_domain(host, wanted);
    }
    const std::optional<Network> network = network_of(wanted);
    return network.has_value() && network->contains(Address::ip(host, 0));
}

void check_proxy(const std::optional<Url>& proxy) {
    if (proxy.has_value() && proxy->scheme() != "http") {
        throw std::invalid_argument("a proxy's URL must begin with http://; TLS to the proxy itself is not supported");
    }
}

void check_exceptions(const std::vector<std::string>& except) {
    for (const std::string& text : except) {
        const std::optional<Rule> rule = split(text);
        if (!rule.has_value()) {
            throw std::invalid_argument("\"" + tendril::detail::escaped(text, most_quoted) +
                                        "\" is not a host without a proxy: expected example.org, example.org:8080, "
                                        "10.0.0.0/8, ::1 or [::1]:8080");
        }
        if (rule->host.find('/') != std::string_view::npos) {
            Network::parse(rule->host);  // throws with the text
        }
    }
}

std::vector<std::string> words(std::string_view text) {
    std::vector<std::string> all;
    constexpr std::string_view between = ", \t";
    for (std::size_t at = 0; (at = text.find_first_not_of(between, at)) != std::string_view::npos;) {
        const std::size_t end = std::min(text.find_first_of(between, at), text.size());
        all.emplace_back(text.substr(at, end - at));
        at = end;
    }
    return all;
}

// The first of the variables that is set, and is not empty.
struct Variable {
    const char* name = nullptr;
    std::string value{};
};

Variable first_of(const std::function<const char*(const char* name)>& get, std::initializer_list<const char*> names) {
    for (const char* name : names) {
        if (const char* value = get(name); value != nullptr && *value != '\0') {
            return {name, value};
        }
    }
    return {};
}

// Calls read(value) and puts the variable's name into its error.
template <class Read>
auto read_variable(const Variable& variable, Read read) {
    try {
        return read(variable.value);
    } catch (const std::invalid_argument& e) {
        throw std::invalid_argument(std::string("the environment variable ") + variable.name + ": " + e.what());
    }
}

std::optional<Url> proxy_of(const Variable& variable) {
    if (variable.name == nullptr) {
        return std::nullopt;
    }
    return read_variable(variable, [](const std::string& value) {
        const bool has_scheme = value.find("://") != std::string::npos;
        std::optional<Url> proxy(Url((has_scheme ? "" : "http://") + value, UserInfo::allowed));
        check_proxy(proxy);
        return proxy;
    });
}

std::vector<std::string> exceptions_of(const Variable& variable) {
    return read_variable(variable, [](const std::string& value) {
        std::vector<std::string> except = words(value);
        check_exceptions(except);
        return except;
    });
}

}  // namespace

const Url* proxy_for(const Url& url, const ClientOptions& options) {
    if ((!options.proxies.has_value() && !options.proxy.has_value()) || url.is_unix()) {
        return nullptr;
    }
    const Proxies* const each = options.proxies.has_value() ? &*options.proxies : nullptr;
    const std::optional<Url>& proxy = each == nullptr ? options.proxy : url.secure() ? each->secure : each->plain;
    const std::vector<std::string>& except = each == nullptr ? options.no_proxy : each->except;
    if (!proxy.has_value() ||
        std::any_of(except.begin(), except.end(), [&](const std::string& rule) { return matches(url, rule); })) {
        return nullptr;
    }
    return &*proxy;
}

void check_proxies(const ClientOptions& options) {
    if (options.proxies.has_value() && (options.proxy.has_value() || !options.no_proxy.empty())) {
        throw std::invalid_argument("proxies said in two ways: leave ClientOptions::proxy and no_proxy out");
    }
    check_proxy(options.proxy);
    std::vector<std::string> except = options.no_proxy;
    if (options.proxies.has_value()) {
        check_proxy(options.proxies->plain);
        check_proxy(options.proxies->secure);
        except = options.proxies->except;
    }
    check_exceptions(except);
}

Proxies proxies_of(const std::function<const char*(const char* name)>& get) {
    const Variable plain = first_of(get, {"http_proxy", "all_proxy", "ALL_PROXY"});
    const Variable secure = first_of(get, {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"});
    return {proxy_of(plain), proxy_of(secure), exceptions_of(first_of(get, {"no_proxy", "NO_PROXY"}))};
}

}  // namespace detail

Proxies environment_proxies() {
    return detail::proxies_of([](const char* name) -> const char* { return std::getenv(name); });
}

}  // namespace tendril::http
