// SPDX-License-Identifier: MIT
//
// amqp::connect(): a host that answers, TCP, TLS, then the login.

#include <algorithm>
#include <random>
#include <stdexcept>
#include <utility>

#include <tendril/amqp/connection.hpp>
#include <tendril/amqp/error.hpp>
#include <tendril/socket.hpp>
#include <tendril/tls.hpp>

#include "amqp/connection/connection_core.hpp"

namespace tendril::amqp {

namespace {

using detail::ConnectionCore;
using detail::ConnectionMaker;

TlsContext tls_context(const Url& url, const ConnectionOptions& options) {
    if (options.tls) {
        return *options.tls;
    }
    return TlsContext({.certificate = url.certificate_file(),
                       .key = url.key_file(),
                       .verify = url.verify() ? TlsVerify::required : TlsVerify::none,
                       .ca_file = url.ca_file()});
}

std::shared_ptr<Stream> open_stream(const Url::Host& host, const Url& url, const std::optional<TlsContext>& tls,
                                    Deadline deadline) {
    TcpSocket socket = tendril::connect(host.name, host.port, deadline);
    if (!tls) {
        return std::make_shared<TcpSocket>(std::move(socket));
    }
    return std::make_shared<TlsSocket>(wrap_ssl(
        std::move(socket), *tls, {.server_name = url.server_name().empty() ? host.name : url.server_name()}, deadline));
}

// The part of the time that is left for this one of `hosts` that are left.
Deadline share(Deadline deadline, std::size_t hosts) {
    return deadline.is_never() ? deadline : Deadline(deadline.remaining() / static_cast<std::int64_t>(hosts));
}

Deadline earlier(const Url& url, Deadline deadline) {
    return url.connection_timeout() ? std::min(Deadline(*url.connection_timeout()), deadline) : deadline;
}

}  // namespace

Connection connect(const Url& url, const ConnectionOptions& options, Deadline deadline) {
    deadline = earlier(url, deadline);
    const std::optional<TlsContext> tls = url.secure() ? std::optional(tls_context(url, options)) : std::nullopt;
    std::vector<Url::Host> hosts = url.hosts();
    std::shuffle(hosts.begin(), hosts.end(), std::minstd_rand(std::random_device()()));
    for (std::size_t left = hosts.size();; --left) {
        try {
            const Deadline until = share(deadline, left);
            std::shared_ptr<Stream> stream = open_stream(hosts[left - 1], url, tls, until);
            return ConnectionMaker::make(ConnectionCore::login(std::move(stream), url, options, until));
        } catch (const std::system_error&) {  // that host's; what a broker says is for good
            if (left == 1) {
                throw;
            }
        }
    }
}

Connection connect_over(std::shared_ptr<Stream> stream, const Url& url, const ConnectionOptions& options,
                        Deadline deadline) {
    return ConnectionMaker::make(ConnectionCore::login(std::move(stream), url, options, earlier(url, deadline)));
}

}  // namespace tendril::amqp
