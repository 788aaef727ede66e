// SPDX-License-Identifier: MIT

#include "http/client/client_connection.hpp"

#include <string>
#include <utility>

#include <tendril/error.hpp>

#include "base/sys.hpp"
#include "http/client/authenticator.hpp"
#include "http/client/proxy_choice.hpp"
#include "http/client/response_parser.hpp"
#include "http/message/chars.hpp"
#include "http/message/rounds.hpp"
#include "http/message/upstream_error.hpp"
#include "hub/descriptor.hpp"
#include "hub/here.hpp"

namespace tendril::http::detail {

namespace {

namespace here = tendril::detail::here;

constexpr std::int64_t just_now_ns = 1'000'000;

std::string host_and_port(const Url& url) {
    const std::string host = url.host_header();
    return url.has_default_port() ? host + ":" + std::to_string(url.port()) : host;
}

TcpSocket connect_to(const Url& url, const ClientOptions& options, Deadline deadline) {
    if (url.is_unix()) {
        return tendril::connect(Address::unix_path(url.host()), deadline);
    }
    return tendril::connect(url.host(), url.port(), options.connect, deadline);
}

// Reads the proxy's answer to CONNECT: RFC 9110, 9.3.6. If it is a tunnel now, nothing may follow the head, since in
// TLS the client speaks first.
ResponseHead tunnel_answer(TcpSocket& socket, const std::string& to, Deadline deadline) {
    Incoming incoming(socket);
    ResponseParser parser;
    ResponseHead head;
    Rounds rounds(deadline);
    do {
        std::size_t n = 0;
        while ((n = blame_server([&] { return parser.parse(incoming.unread(), head); })) == 0) {
            if (rounds.over()) {
                throw TimeoutError("the proxy's answer to CONNECT " + to);
            }
            if (incoming.fill(deadline) == 0) {
                throw ProtocolError(Fault::incomplete, 502, "the proxy closed the connection before it answered");
            }
        }
        incoming.take(n);
    } while (head.interim());
    if (head.status >= 200 && head.status <= 299 && !incoming.empty()) {
        throw ProtocolError(Fault::malformed, 502, "the proxy sent data after its answer to CONNECT");
    }
    return head;
}

// Opens a tunnel. If the proxy asks for credentials, tries again on a new connection.
TcpSocket open_tunnel(const Url& url, const Url& proxy, const ClientOptions& options, Authenticator& authenticator,
                      Deadline deadline) {
    const std::string to = host_and_port(url);
    const std::string own(options.headers.get("Proxy-Authorization"));
    const std::optional<Party> party = own.empty() ? Party::of_proxy(&proxy) : std::nullopt;
    AuthAttempt attempt;
    for (;;) {
        TcpSocket socket = connect_to(proxy, options, deadline);
        std::string request = "CONNECT " + to + " HTTP/1.1\r\nHost: " + to + "\r\n";
        const std::string field = party.has_value() ? authenticator.field(*party, "CONNECT", to, attempt) : own;
        if (!field.empty()) {
            request.append("Proxy-Authorization: ").append(field).append("\r\n");
        }
        socket.send_all(request + "\r\n", deadline);
        const ResponseHead head = tunnel_answer(socket, to, deadline);
        if (head.status >= 200 && head.status <= 299) {
            if (party.has_value()) {
                authenticator.note_info(*party, head.headers, attempt);
            }
            return socket;
        }
        if (!party.has_value() || head.status != party->status() ||
            !authenticator.learn(*party, head.headers, attempt)) {
            throw ProtocolError(Fault::unsupported, 502,
                                "the proxy refused the tunnel with status " + std::to_string(head.status));
        }
    }
}

}  // namespace

bool ClientConnection::quiet(bool surely) const noexcept {
    const int fd = stream_->fd();
    if (fd < 0 || !incoming_.empty() || (tls_ != nullptr && tls_->pending() > 0)) {
        return false;
    }
    if (!surely && here::descriptors().is_drained(fd) && Deadline::now_ns() - here::asked_ns() < just_now_ns) {
        return true;
    }
    char c = 0;
    return sys::recv(fd, &c, 1, MSG_PEEK | MSG_DONTWAIT) == -EAGAIN;
}

TlsSession ClientConnection::session() const {
    return tls_ != nullptr ? tls_->session() : TlsSession();
}

Route route_to(const Url& url, const ClientOptions& options) {
    const Url* const proxy = proxy_for(url, options);
    if (url.secure()) {
        return {proxy != nullptr ? Route::Way::tunnel : Route::Way::tls, url.port(), url.host()};
    }
    if (proxy != nullptr) {
        return {Route::Way::plain_proxy, proxy->port(), proxy->host()};
    }
    return {url.is_unix() ? Route::Way::unix_domain : Route::Way::plain, url.port(), url.host()};
}

std::shared_ptr<ClientConnection> open_connection(const Url& url, const Route& route, const ClientOptions& options,
                                                  Authenticator& authenticator, const TlsSession& session,
                                                  Deadline deadline) {
    const Url* const proxy = route.by_proxy() ? proxy_for(url, options) : nullptr;
    if (!url.secure()) {
        return std::make_shared<ClientConnection>(
            std::make_unique<TcpSocket>(connect_to(proxy != nullptr ? *proxy : url, options, deadline)));
    }
    TcpSocket socket = proxy != nullptr ? open_tunnel(url, *proxy, options, authenticator, deadline)
                                        : connect_to(url, options, deadline);
    return std::make_shared<ClientConnection>(std::make_unique<TlsSocket>(
        wrap_ssl(std::move(socket), options.tls.has_value() ? *options.tls : TlsContext(),
                 {.server_name = url.host(), .alpn = {"http/1.1"}, .session = session}, deadline)));
}

}  // namespace tendril::http::detail
