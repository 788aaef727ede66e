// SPDX-License-Identifier: MIT
//
// Sec-WebSocket-Extensions, and the agreement by it on permessage-deflate: RFC 7692, 7.1.

#include <algorithm>

#include "http/message/chars.hpp"
#include "http/websocket/handshake.hpp"

namespace tendril::http::detail {

namespace {

constexpr std::string_view name_of_deflate = "permessage-deflate";
constexpr int most_bits = 15;

// Takes the next part, up to a `;` that is not quoted.
std::string_view take_part(std::string_view& rest) {
    std::size_t end = 0;
    for (bool quoted = false; end < rest.size() && (quoted || rest[end] != ';'); ++end) {
        quoted ^= rest[end] == '"';
    }
    const std::string_view part = trimmed(rest.substr(0, end));
    rest.remove_prefix(end < rest.size() ? end + 1 : end);
    return part;
}

// Reads a token, or a quoted one.
std::optional<std::string_view> read_value(std::string_view text) {
    if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
        text = text.substr(1, text.size() - 2);
    }
    return is_token(text) ? std::optional(text) : std::nullopt;
}

std::optional<Extension> parse_extension(std::string_view text) {
    Extension extension{.name = take_part(text), .parameters = {}};
    if (!is_token(extension.name)) {
        return std::nullopt;
    }
    while (!text.empty()) {
        const std::string_view part = take_part(text);
        const std::size_t equals = part.find('=');
        Extension::Parameter parameter{trimmed(part.substr(0, equals)), {}};
        if (equals != std::string_view::npos) {
            parameter.value = read_value(trimmed(part.substr(equals + 1)));
        }
        if (!is_token(parameter.name) || parameter.value.has_value() != (equals != std::string_view::npos)) {
            return std::nullopt;
        }
        extension.parameters.push_back(parameter);
    }
    return extension;
}

// The parameters of one offer or answer.
struct Parameters {
    bool server_no_context_takeover = false;
    bool client_no_context_takeover = false;
    bool names_client_bits = false;
    std::optional<int> server_bits;
    std::optional<int> client_bits;
};

std::optional<int> read_bits(std::string_view text) {
    const auto bits = parse_decimal(text);
    const bool good = bits.has_value() && *bits >= 8 && *bits <= most_bits && text.front() != '0';
    return good ? std::optional(static_cast<int>(*bits)) : std::nullopt;
}

// Reads one parameter. Returns: false if it is unknown, occurs twice, or has an invalid value.
bool read_parameter(const Extension::Parameter& parameter, Parameters& all) {
    const auto flag = [&](bool& place) { return !parameter.value.has_value() && !std::exchange(place, true); };
    if (same_ignoring_case(parameter.name, "server_no_context_takeover")) {
        return flag(all.server_no_context_takeover);
    }
    if (same_ignoring_case(parameter.name, "client_no_context_takeover")) {
        return flag(all.client_no_context_takeover);
    }
    const std::optional<int> bits = parameter.value.has_value() ? read_bits(*parameter.value) : std::nullopt;
    if (same_ignoring_case(parameter.name, "server_max_window_bits")) {
        return bits.has_value() && !std::exchange(all.server_bits, bits).has_value();
    }
    if (same_ignoring_case(parameter.name, "client_max_window_bits")) {
        all.client_bits = bits;
        return parameter.value.has_value() == bits.has_value() && !std::exchange(all.names_client_bits, true);
    }
    return false;
}

std::optional<Parameters> read_parameters(const Extension& extension) {
    Parameters all;
    for (const Extension::Parameter& parameter : extension.parameters) {
        if (!read_parameter(parameter, all)) {
            return std::nullopt;
        }
    }
    return all;
}

std::string written(const WebSocketDeflate& agreed, bool server_bits, bool client_bits) {
    std::string text(name_of_deflate);
    if (agreed.server_no_context_takeover) {
        text += "; server_no_context_takeover";
    }
    if (agreed.client_no_context_takeover) {
        text += "; client_no_context_takeover";
    }
    if (server_bits) {
        text += "; server_max_window_bits=" + std::to_string(agreed.server_max_window_bits);
    }
    if (client_bits) {
        text += "; client_max_window_bits=" + std::to_string(agreed.client_max_window_bits);
    }
    return text;
}

}  // namespace

std::optional<std::vector<Extension>> parse_extensions(std::string_view list) {
    std::vector<Extension> extensions;
    for (std::string_view element; next_in_list(list, element);) {
        std::optional<Extension> extension = parse_extension(element);
        if (!extension.has_value()) {
            return std::nullopt;
        }
        extensions.push_back(*std::move(extension));
    }
    return extensions;
}

std::optional<AcceptedDeflate> accept_deflate(const std::vector<Extension>& offers, const WebSocketDeflate& ours) {
    for (const Extension& offer : offers) {
        if (!same_ignoring_case(offer.name, name_of_deflate)) {
            continue;
        }
        const std::optional<Parameters> asked = read_parameters(offer);
        if (!asked.has_value()) {
            continue;
        }
        AcceptedDeflate accepted{ours, {}};
        WebSocketDeflate& agreed = accepted.agreed;
        agreed.server_no_context_takeover |= asked->server_no_context_takeover;
        agreed.client_no_context_takeover |= asked->client_no_context_takeover;
        agreed.server_max_window_bits = std::min(ours.server_max_window_bits, asked->server_bits.value_or(most_bits));
        // Only a client that names the parameter may be given a value for it.
        agreed.client_max_window_bits =
            asked->names_client_bits ? std::min(ours.client_max_window_bits, asked->client_bits.value_or(most_bits))
                                     : most_bits;
        accepted.answer = written(agreed, agreed.server_max_window_bits < most_bits || asked->server_bits.has_value(),
                                  asked->names_client_bits && agreed.client_max_window_bits < most_bits);
        return accepted;
    }
    return std::nullopt;
}

std::string offer_deflate(const WebSocketDeflate& ours) {
    const bool bounds_client = ours.client_max_window_bits < most_bits;
    return written(ours, ours.server_max_window_bits < most_bits, bounds_client) +
           (bounds_client ? "" : "; client_max_window_bits");
}

std::optional<WebSocketDeflate> agree_on_deflate(const Extension& answer, const WebSocketDeflate& ours) {
    const std::optional<Parameters> told = read_parameters(answer);
    if (!same_ignoring_case(answer.name, name_of_deflate) || !told.has_value() ||
        told->names_client_bits != told->client_bits.has_value() ||
        (ours.server_no_context_takeover && !told->server_no_context_takeover) ||
        told->server_bits.value_or(most_bits) > ours.server_max_window_bits) {
        return std::nullopt;
    }
    WebSocketDeflate agreed = ours;
    agreed.server_no_context_takeover = told->server_no_context_takeover;
    agreed.client_no_context_takeover |= told->client_no_context_takeover;
    agreed.server_max_window_bits = told->server_bits.value_or(most_bits);
    agreed.client_max_window_bits = std::min(ours.client_max_window_bits, told->client_bits.value_or(most_bits));
    return agreed;
}

}  // namespace tendril::http::detail
