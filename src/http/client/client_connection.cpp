// SPDX-License-Identifier: MIT

#include "http/client/client_connection.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include <tendril/error.hpp>

#include "base/sys.hpp"
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

bool matches(std::string_view host, std::string_view rule) noexcept {
    while (rule.starts_with('.')) {
        rule.remove_prefix(1);
    }
    if (rule == "*" || same_ignoring_case(host, rule)) {
        return true;
    }
    return !rule.empty() && host.size() > rule.size() && host[host.size() - rule.size() - 1] == '.' &&
           same_ignoring_case(host.substr(host.size() - rule.size()), rule);
}

bool uses_proxy(const Url& url, const ClientOptions& options) noexcept {
    return options.proxy.has_value() && !url.is_unix() &&
           std::none_of(options.no_proxy.begin(), options.no_proxy.end(),
                        [&](const std::string& rule) { return matches(url.host(), rule); });
}

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

// Opens a tunnel: RFC 9110, 9.3.6. Nothing may follow the head of the answer, since in TLS the client speaks first.
void open_tunnel(TcpSocket& socket, const Url& url, const Url& proxy, Deadline deadline) {
    const std::string to = host_and_port(url);
    std::string request = "CONNECT " + to + " HTTP/1.1\r\nHost: " + to + "\r\n";
    if (!proxy.user().empty()) {
        request += "Proxy-Authorization: " + basic_credentials(proxy.user(), proxy.password()) + "\r\n";
    }
    socket.send_all(request + "\r\n", deadline);
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
    if (head.status < 200 || head.status > 299) {
        throw ProtocolError(Fault::unsupported, 502,
                            "the proxy refused the tunnel with status " + std::to_string(head.status));
    }
    if (!incoming.empty()) {
        throw ProtocolError(Fault::malformed, 502, "the proxy sent data after its answer to CONNECT");
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
    const bool proxied = uses_proxy(url, options);
    if (url.secure()) {
        return {proxied ? Route::Way::tunnel : Route::Way::tls, url.port(), url.host()};
    }
    if (proxied) {
        return {Route::Way::plain_proxy, options.proxy->port(), options.proxy->host()};
    }
    return {url.is_unix() ? Route::Way::unix_domain : Route::Way::plain, url.port(), url.host()};
}

std::shared_ptr<ClientConnection> open_connection(const Url& url, const Route& route, const ClientOptions& options,
                                                  const TlsSession& session, Deadline deadline) {
    TcpSocket socket = connect_to(route.by_proxy() ? *options.proxy : url, options, deadline);
    if (!url.secure()) {
        return std::make_shared<ClientConnection>(std::make_unique<TcpSocket>(std::move(socket)));
    }
    if (route.by_proxy()) {
        open_tunnel(socket, url, *options.proxy, deadline);
    }
    return std::make_shared<ClientConnection>(std::make_unique<TlsSocket>(
        wrap_ssl(std::move(socket), options.tls.has_value() ? *options.tls : TlsContext(),
                 {.server_name = url.host(), .alpn = {"http/1.1"}, .session = session}, deadline)));
}

std::string basic_credentials(const std::string& user, const std::string& password) {
    if (user.find(':') != std::string::npos) {
        throw std::invalid_argument("a user name with a colon, which Basic authentication cannot carry");
    }
    const std::string plain = user + ":" + password;
    std::string coded(4 * ((plain.size() + 2) / 3) + 1, '\0');
    const int n = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(coded.data()),
                                  reinterpret_cast<const unsigned char*>(plain.data()), static_cast<int>(plain.size()));
    coded.resize(static_cast<std::size_t>(n));
    return "Basic " + coded;
}

}  // namespace tendril::http::detail
