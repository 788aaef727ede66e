// SPDX-License-Identifier: MIT

#include "base/host_port.hpp"

#include <algorithm>

namespace tendril::detail {

HostAndPort split_host_and_port(std::string_view text) noexcept {
    using Fault = HostAndPort::Fault;
    HostAndPort parts;
    std::size_t end = text.find(':');
    if (text.starts_with('[')) {
        const std::size_t bracket = text.find(']');
        if (bracket == std::string_view::npos) {
            parts.fault = Fault::open_bracket;
            return parts;
        }
        parts.in_brackets = true;
        parts.host = text.substr(1, bracket - 1);
        end = bracket + 1;
    } else {
        end = std::min(end, text.size());
        parts.host = text.substr(0, end);
    }
    const std::string_view rest = text.substr(end);
    if (rest.starts_with(':')) {
        parts.port = rest.substr(1);
        if (!parts.in_brackets && parts.port->find(':') != std::string_view::npos) {
            parts.fault = Fault::bare_colons;
        }
    } else if (!rest.empty()) {
        parts.fault = Fault::behind_bracket;
    }
    return parts;
}

std::optional<std::uint32_t> parse_port(std::string_view text) noexcept {
    std::uint32_t port = 0;
    for (const char c : text) {
        if (c < '0' || c > '9') {
            return std::nullopt;
        }
        port = std::min(port * 10 + static_cast<std::uint32_t>(c - '0'), largest_port + 1);
    }
    return text.empty() ? std::nullopt : std::optional(port);
}

}  // namespace tendril::detail
