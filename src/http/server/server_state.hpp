// SPDX-License-Identifier: MIT
//
// ServerState: what all connections of a server have in common. Shared by its hubs: nothing in it changes but counters.

#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string>

#include <tendril/http/server.hpp>

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

    enum Count : std::uint8_t { connections, closed, requests, bad_requests, errors, timeouts, counts };
    void count(Count what) noexcept;

    // Who sent these headers, seen from here: see Request::client().
    std::string client(const Address& peer, const Headers& headers) const;

    // server_errors.cpp. For the ErrorLog, which counts. The last three: of the exception that is being handled.
    void log_bad_input(const Address& peer, int status, std::string_view how) const;  // never with what it sent
    void log_gone(const Address& peer) const;
    void log_handler_error(const Address& peer, const RequestHead& head) const;
    // Of a handler that has taken the stream, as WebSockets do. Returns: false when it is the handler's own error.
    bool log_end_of_upgraded(const Address& peer, const RequestHead& head, const tendril::detail::PeerWatch& watch);
    ErrorLog& error_log() const noexcept { return *options_.connections.error_log; }

private:
    // Each OS thread counts in one of them, most of the time alone.
    struct alignas(64) Counters {
        std::array<std::atomic<std::uint64_t>, counts> of{};
    };

    const Handler handler_;
    const ServerOptions options_;  // with an ErrorLog, and with the place of the call
    const HeadLimits limits_;
    std::array<Counters, 16> counters_;
};

}  // namespace tendril::http::detail
