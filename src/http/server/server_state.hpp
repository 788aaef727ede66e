// SPDX-License-Identifier: MIT
//
// ServerState: what all connections of a server have in common. Its hubs share it: only the counters ever change.

#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <string>

#include <tendril/http/server.hpp>
#include <tendril/metrics.hpp>

#include "http/server/request_parser.hpp"
#include "net/peer_watch.hpp"

namespace tendril::http::detail {

class ServerState final : public ServerView {
public:
    // Throws: std::invalid_argument for options that contradict each other.
    ServerState(Handler handler, ServerOptions options, const Site& at);

    const Handler& handler() const noexcept { return handler_; }
    const ServerOptions& options() const noexcept override { return options_; }
    const HeadLimits& limits() const noexcept { return limits_; }
    ServerStats stats() const noexcept override;

    // Makes its counts metrics, of the server at this address. To be called once, before it serves.
    void publish(const Address& at);

    enum Count : std::uint8_t { connections, closed, requests, bad_requests, errors, timeouts, counts };
    void count(Count what) noexcept;

    // The address of the client that sent these headers, without its port: see Request::client().
    std::string client(const Address& peer, const Headers& headers) const;

    // In server_errors.cpp. These report to the ErrorLog, which counts; all but log_bad_input() report the exception
    // being handled.
    void log_bad_input(const Address& peer, int status, std::string_view how) const;  // never quotes the input
    void log_gone(const Address& peer) const;
    void log_handler_error(const Address& peer, const RequestHead& head) const;
    // For a handler that has taken the stream, as one with a WebSocket does. Returns: false if the error is the
    // handler's own; then nothing is reported.
    bool log_end_of_upgraded(const Address& peer, const RequestHead& head, const tendril::detail::PeerWatch& watch);
    ErrorLog& error_log() const noexcept { return *options_.connections.error_log; }

private:
    // Each OS thread counts in one of these, most of the time alone.
    struct alignas(64) Counters {
        std::array<std::atomic<std::uint64_t>, counts> of{};
    };

    const Handler handler_;
    const ServerOptions options_;  // with an ErrorLog, and with the place of the call
    const HeadLimits limits_;
    std::array<Counters, 16> counters_;
    std::optional<MetricSource> metrics_;  // last: its end waits for its function, which reads all of the above
};

}  // namespace tendril::http::detail
