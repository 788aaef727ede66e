// SPDX-License-Identifier: MIT
// Floor: http
//
// Request: what a client asks of a server. It belongs to the handler that was called with it, and is valid until that
// handler returns; so are all views that it returns. Nothing here yields but reading the body().

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <tendril/address.hpp>
#include <tendril/http/body.hpp>
#include <tendril/http/headers.hpp>
#include <tendril/http/message.hpp>
#include <tendril/server.hpp>

namespace tendril::http {

class ServerView;

namespace detail {
struct Exchange;
}

class Request {
public:
    Request(const Request&) = delete;
    Request& operator=(const Request&) = delete;

    std::string_view method() const noexcept;  // "GET"; case matters
    std::string_view target() const noexcept;  // the whole target of the request line, as it was sent
    std::string_view path() const noexcept;    // the target's path, as it was sent: form.hpp decodes it
    std::string_view query() const noexcept;   // what follows the "?", as it was sent; "" if there is no "?"
    std::string_view host() const noexcept;    // with the port, if stated: from the target, else from the field Host
    Version version() const noexcept;          // of the client's

    const Headers& headers() const noexcept;  // all of its header fields
    // The field's value; "" if there is none.
    std::string_view header(std::string_view name) const noexcept { return headers().get(name); }
    // The body, to be read by this handler. What it leaves unread is skipped, or ends the connection if it is long.
    Body& body() noexcept;
    // Sets how many bytes the body may have, in place of ServerOptions::max_body. To be called before it is read, by
    // handlers that read in pieces and bound what they keep.
    void limit_body(std::uint64_t most) noexcept;

    // The address that connected, or the one that the PROXY protocol names.
    const Address& peer() const noexcept;
    // Returns: the client's address without its port: the peer's; or, if the peer is one of
    // ServerOptions::trusted_proxies, the last address in X-Forwarded-For that is not one of them.
    std::string client() const;
    // Returns: the server's address that the client connected to. Throws: std::system_error.
    Address local_address() const;
    bool is_secure() const noexcept;  // whether it came over TLS
    const std::string& id();          // 24 random hexadecimal digits, made at the first call; for logs

    // Whether the client has gone. Asks the system, without waiting. What the client sent before can still be read.
    // A client that has only shut down its sending side (`nc -N`) counts as gone: until something is sent to it, the
    // system sees its FIN and no more in either case. A handler that answers all the same may well reach it.
    bool is_aborted() const noexcept;

    // A part of the path that a Router has extracted, decoded; "" for an unknown name.
    std::string_view parameter(std::string_view name) const noexcept;
    // Sets one, for handlers that call others; replaces an old value, and invalidates views of it.
    void set_parameter(std::string_view name, std::string_view value);

    std::string_view environment(std::string_view key) const noexcept;  // a ServerOptions::environment entry, else ""
    const ServerView& server() const noexcept;                          // the server: its options and statistics

    // Tells whether the server stops, and is told that the connection is idle (eventlet.set_idle), so that a stop ends
    // it at once instead of waiting for the drain. For handlers that mostly wait, such as streams of events:
    //
    //     const Serving::Idle idle(request.serving(), IdlePlace::kept);
    //     event = events.get();
    //
    // A stop then kills the handler there, and the response ends unfinished. WebSockets have an option for this:
    // WebSocketOptions::idle_in_recv.
    Serving& serving() const noexcept;

private:
    friend struct detail::Exchange;
    explicit Request(detail::Exchange& exchange) noexcept : exchange_(exchange) {}
    detail::Exchange& exchange_;
};

}  // namespace tendril::http
