// SPDX-License-Identifier: MIT
// Floor: http
//
// Request: what a client asks of a server. It belongs to the handler that got it, and is good until that returns; so
// are all views that it gives.

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
    std::string_view target() const noexcept;  // as it was sent
    std::string_view path() const noexcept;    // of the target, as it was sent: form.hpp decodes
    std::string_view query() const noexcept;   // behind the "?"
    std::string_view host() const noexcept;    // and port, if said: the target's, else the header's
    Version version() const noexcept;

    const Headers& headers() const noexcept;
    std::string_view header(std::string_view name) const noexcept { return headers().get(name); }
    Body& body() noexcept;
    // How long the body may be, in place of ServerOptions::max_body, before it is read: for handlers that read in
    // pieces and bound what they keep.
    void limit_body(std::uint64_t most) noexcept;

    const Address& peer() const noexcept;  // who connected, or who the PROXY protocol says it was
    // The client's address without its port: the peer's; or, when that is one of ServerOptions::trusted_proxies, the
    // last of X-Forwarded-For that is none of them.
    std::string client() const;
    Address local_address() const;    // where it connected to: asks the system
    bool is_secure() const noexcept;  // came over TLS
    const std::string& id();          // of this request: made when first asked for, also for logs

    // Has the client gone away? Asks the system. What it sent before it went is still there to be read. One that has
    // only shut down its sending side (`nc -N`) counts as gone: its FIN is all that the system sees of either, until
    // something is sent to it. Whoever answers all the same, answers it.
    bool is_aborted() const noexcept;

    // Parts of the path that a Router took out of it, decoded; "" for an unknown name.
    std::string_view parameter(std::string_view name) const noexcept;
    void set_parameter(std::string_view name, std::string_view value);

    std::string_view environment(std::string_view key) const noexcept;  // of ServerOptions::environment; "" for none
    const ServerView& server() const noexcept;                          // that serves it

private:
    friend struct detail::Exchange;
    explicit Request(detail::Exchange& exchange) noexcept : exchange_(exchange) {}
    detail::Exchange& exchange_;
};

}  // namespace tendril::http
