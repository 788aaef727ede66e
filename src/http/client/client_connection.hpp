// SPDX-License-Identifier: MIT
//
// ClientConnection: one connection of a Client, and how it is made: directly, over TLS, to a Unix-domain socket, or
// through a proxy.

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>

#include <tendril/deadline.hpp>
#include <tendril/http/client_options.hpp>
#include <tendril/tls.hpp>

#include "http/message/incoming.hpp"

namespace tendril::http::detail {

class Authenticator;

class ClientConnection {
public:
    explicit ClientConnection(std::unique_ptr<Stream> opened) noexcept
        : stream_(std::move(opened)), tls_(dynamic_cast<const TlsSocket*>(stream_.get())), incoming_(*stream_) {}
    ClientConnection(const ClientConnection&) = delete;
    ClientConnection& operator=(const ClientConnection&) = delete;

    Stream& stream() noexcept { return *stream_; }
    Incoming& incoming() noexcept { return incoming_; }

    // Whether the idle connection is still usable: nothing has arrived on it, not even its end. Never waits. With
    // `surely` it asks the system; else what the hub has just seen is enough.
    bool quiet(bool surely) const noexcept;

    TlsSession session() const;  // to be resumed later; empty without TLS

    std::uint64_t exchanges = 0;  // how many it has carried
    std::int64_t idle_since_ns = 0;

private:
    std::unique_ptr<Stream> stream_;
    const TlsSocket* tls_;  // the stream as a TlsSocket, or nullptr
    Incoming incoming_;
};

// The way a request to a URL takes. Connections of the same route are interchangeable.
struct Route {
    // `plain_proxy`: the request line has the whole URL. `tunnel`: TLS through the proxy.
    enum class Way : std::uint8_t { plain, plain_proxy, tls, tunnel, unix_domain };

    Way way;
    std::uint16_t port;
    std::string_view host;  // points into the URL, or into the proxy's URL in the options

    bool by_proxy() const noexcept { return way == Way::plain_proxy || way == Way::tunnel; }
};
Route route_to(const Url& url, const ClientOptions& options);

// A route that owns its host.
struct RouteKey {
    explicit RouteKey(const Route& route) : way(route.way), port(route.port), host(route.host) {}
    operator Route() const noexcept { return {way, port, host}; }

    Route::Way way;
    std::uint16_t port;
    std::string host;
};

// The order of routes in a map.
struct RouteLess {
    using is_transparent = void;
    bool operator()(const Route& a, const Route& b) const noexcept {
        return std::tie(a.port, a.way, a.host) < std::tie(b.port, b.way, b.host);
    }
};

// Connects along `route`; waits. Throws: as connect() and wrap_ssl(); ProtocolError if the proxy refuses.
std::shared_ptr<ClientConnection> open_connection(const Url& url, const Route& route, const ClientOptions& options,
                                                  Authenticator& authenticator, const TlsSession& session,
                                                  Deadline deadline);

}  // namespace tendril::http::detail
