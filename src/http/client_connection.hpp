// SPDX-License-Identifier: MIT
//
// ClientConnection: a connection of a Client's, and how one is made: straight, over TLS, to a Unix-domain socket, or
// through a proxy.

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <tendril/deadline.hpp>
#include <tendril/http/client_options.hpp>
#include <tendril/tls.hpp>

#include "http/incoming.hpp"

namespace tendril::http::detail {

class ClientConnection {
public:
    explicit ClientConnection(std::unique_ptr<Stream> opened) noexcept
        : stream_(std::move(opened)), incoming_(*stream_) {}
    ClientConnection(const ClientConnection&) = delete;
    ClientConnection& operator=(const ClientConnection&) = delete;

    Stream& stream() noexcept { return *stream_; }
    Incoming& incoming() noexcept { return incoming_; }
    std::unique_ptr<Stream> release() noexcept { return std::move(stream_); }

    // Nothing has come while nobody asked for anything, not even its end. Never waits.
    bool quiet() const noexcept;

    TlsSession session() const;  // to be resumed; empty without TLS

    std::uint64_t exchanges = 0;  // that it has been through
    std::int64_t idle_since_ns = 0;

private:
    std::unique_ptr<Stream> stream_;
    Incoming incoming_;
};

// Which way a request to this URL goes.
struct Route {
    std::string key;             // connections of the same key are as good as each other
    bool through_proxy = false;  // the request line has the whole URL
};
Route route_to(const Url& url, const ClientOptions& options);

// Throws: as connect() and wrap_ssl(); ProtocolError: the proxy refused.
std::shared_ptr<ClientConnection> open_connection(const Url& url, const ClientOptions& options,
                                                  const TlsSession& session, Deadline deadline);

// "Basic dXNlcjpwYXNz", RFC 7617. Throws: std::invalid_argument: a colon in the user's name.
std::string basic_credentials(const std::string& user, const std::string& password);

}  // namespace tendril::http::detail
