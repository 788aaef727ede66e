// SPDX-License-Identifier: MIT

#include "http/server/server_state.hpp"

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <vector>

#include "base/host_port.hpp"
#include "context/os_thread.hpp"
#include "http/message/chars.hpp"

namespace tendril::http::detail {

namespace {

// The text of an address without its port.
std::string host_of(const Address& address) {
    std::string ip = address.ip();
    return ip.empty() ? address.path() : ip;
}

std::optional<Address> parse_ip(std::string_view text) {
    try {
        return Address::ip(text, 0);
    } catch (const std::invalid_argument&) {
        return std::nullopt;
    }
}

// Parses what a proxy appends to X-Forwarded-For: mostly an address alone; some add the port. Not by Address::parse(),
// which also takes ":80" and paths, and looks a port that is no number up in /etc/services: clients write this too.
std::optional<Address> parse_hop(std::string_view text) {
    if (std::optional<Address> alone = parse_ip(text)) {
        return alone;
    }
    const tendril::detail::HostAndPort parts = tendril::detail::split_host_and_port(text);
    const bool has_port = parts.port.has_value() && tendril::detail::parse_port(*parts.port).has_value();
    const bool good = has_port && parts.fault == tendril::detail::HostAndPort::Fault::none;
    return good ? parse_ip(parts.host) : std::nullopt;
}

void check(const Handler& handler, const ServerOptions& options) {
    if (!handler) {
        throw std::invalid_argument("an HTTP server without a handler");
    }
    for (const Duration timeout :
         {options.header_timeout, options.body_timeout, options.write_timeout, options.idle_timeout,
          options.idle_hibernate, options.body_deadline, options.handler_timeout, options.linger_timeout}) {
        if (timeout == Duration()) {
            throw std::invalid_argument("an HTTP server's time limits must be longer than 0");
        }
    }
    if (options.max_request_line == 0 || options.max_header_bytes == 0 || options.max_header_count == 0) {
        throw std::invalid_argument("an HTTP server with a limit of 0 would never answer");
    }
    if (options.connections.on_error != OnHandlerError::report) {
        throw std::invalid_argument(
            "an HTTP server answers a handler's error and serves on: leave connections.on_error out, and let the "
            "handler throw StopServe to end it");
    }
    if (options.connections.error_log != nullptr && (options.errors.write || options.errors.on_event)) {
        throw std::invalid_argument(
            "an ErrorLog has its own options: give them to connections.error_log, not to errors");
    }
}

// Checks the options, and fills in the ErrorLog and the place of the call.
ServerOptions complete(const Handler& handler, ServerOptions options, const Site& at) {
    check(handler, options);
    if (options.connections.error_log == nullptr) {
        options.connections.error_log = std::make_shared<ErrorLog>(options.errors);
    }
    options.connections = tendril::detail::complete(std::move(options.connections), at);
    return options;
}

}  // namespace

ServerState::ServerState(Handler handler, ServerOptions options, const Site& at)
    : handler_(std::move(handler)),
      options_(complete(handler_, std::move(options), at)), limits_{options_.max_request_line,
                                                                    options_.max_header_bytes,
                                                                    options_.max_header_count} {}

void ServerState::publish(const Address& at) {
    metrics_.emplace([this, server = at.to_string()](std::vector<Metric>& out) {
        const ServerStats s = stats();
        const auto add = [&](const char* name, const char* help, std::uint64_t value, MetricKind kind) {
            out.push_back({name, help, kind, {{"server", server}}, static_cast<double>(value)});
        };
        constexpr auto counter = MetricKind::counter;
        add("tendril_http_connections_total", "Connections accepted", s.connections, counter);
        add("tendril_http_connections_open", "Connections open now", s.open, MetricKind::gauge);
        add("tendril_http_requests_total", "Requests with a valid head", s.requests, counter);
        add("tendril_http_bad_requests_total", "Requests refused for what the client sent", s.bad_requests, counter);
        add("tendril_http_errors_total", "Errors of handlers", s.errors, counter);
        add("tendril_http_timeouts_total", "Clients that were too slow with a request's head", s.timeouts, counter);
        add("tendril_http_failed_handshakes_total", "TLS handshakes that failed", s.failed_handshakes, counter);
        add("tendril_http_gone_total", "Clients that left in the middle", s.gone, counter);
    });
}

void ServerState::count(Count what) noexcept {
    Counters& mine = counters_[tendril::detail::OsThread::current_serial() % counters_.size()];
    mine.of[what].fetch_add(1, std::memory_order_relaxed);
}

ServerStats ServerState::stats() const noexcept {
    std::array<std::uint64_t, counts> sum{};
    for (const Counters& each : counters_) {
        for (std::size_t i = 0; i < counts; ++i) {
            sum[i] += each.of[i].load(std::memory_order_relaxed);
        }
    }
    return {sum[connections],
            sum[connections] - std::min(sum[closed], sum[connections]),
            sum[requests],
            sum[bad_requests],
            sum[errors],
            sum[timeouts],
            error_log().count(ErrorKind::handshake),
            error_log().count(ErrorKind::peer_gone)};
}

// Goes from the last element to the first, as each proxy vouches only for the element before its own. An element that
// is not an address ends the search: no trusted proxy wrote it.
std::string ServerState::client(const Address& peer, const Headers& headers) const {
    Address client = peer;
    if (!options_.trusted_proxies.empty()) {
        const std::string all = headers.joined("X-Forwarded-For");
        std::string_view rest = all;
        while (!rest.empty() && contains(options_.trusted_proxies, client)) {
            // At every comma: a quote that a client opens must not hide what a proxy appended.
            const std::size_t comma = rest.rfind(',');
            const std::string_view text = trimmed(comma == std::string_view::npos ? rest : rest.substr(comma + 1));
            rest = rest.substr(0, comma == std::string_view::npos ? 0 : comma);
            if (text.empty()) {
                continue;
            }
            const std::optional<Address> hop = parse_hop(text);
            if (!hop.has_value()) {
                break;
            }
            client = *hop;
        }
    }
    return host_of(client);
}

}  // namespace tendril::http::detail
