// SPDX-License-Identifier: MIT

#include <tendril/http/request.hpp>

#include <openssl/rand.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <system_error>

#include "base/sys.hpp"
#include "http/server/connected.hpp"
#include "http/server/exchange.hpp"
#include "http/server/server_state.hpp"

namespace tendril::http {

namespace {

// A request target, split into host and path: "http://host:80/path" has both, "/path" has no host.
struct SplitTarget {
    std::string_view host;
    std::string_view rest;
};

SplitTarget split(std::string_view target) noexcept {
    if (target.starts_with('/') || target == "*") {
        return {{}, target};
    }
    const std::size_t scheme = target.find("://");
    if (scheme == std::string_view::npos) {
        return {target, {}};  // CONNECT
    }
    target.remove_prefix(scheme + 3);
    const std::size_t end = std::min(target.find_first_of("/?"), target.size());
    return {target.substr(0, end), target.substr(end)};
}

// POLLRDHUP means the peer's FIN: it has closed, or only shut down its sending side. Only the reset that the next send
// would bring tells the two apart.
bool peer_is_gone(int fd) noexcept {
    pollfd asked{fd, POLLRDHUP, 0};
    return fd < 0 || (sys::poll(&asked, 1, 0) > 0 && (asked.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0);
}

}  // namespace

std::string_view Request::method() const noexcept {
    return exchange_.head.method;
}

std::string_view Request::target() const noexcept {
    return exchange_.head.target;
}

std::string_view Request::path() const noexcept {
    const std::string_view rest = split(target()).rest;
    const std::string_view path = rest.substr(0, rest.find('?'));
    return path.empty() && method() != "CONNECT" ? std::string_view("/") : path;
}

std::string_view Request::query() const noexcept {
    const std::size_t mark = target().find('?');
    return mark == std::string_view::npos ? std::string_view() : target().substr(mark + 1);
}

std::string_view Request::host() const noexcept {
    const std::string_view host = split(target()).host;
    return host.empty() ? header("Host") : host;
}

Version Request::version() const noexcept {
    return exchange_.head.version;
}

const Headers& Request::headers() const noexcept {
    return exchange_.head.headers;
}

Body& Request::body() noexcept {
    return exchange_.body.body();
}

void Request::limit_body(std::uint64_t most) noexcept {
    exchange_.body.limit(most);
}

const Address& Request::peer() const noexcept {
    return exchange_.connected->peer;
}

std::string Request::client() const {
    return exchange_.server->client(peer(), headers());
}

Address Request::local_address() const {
    sockaddr_storage raw{};
    socklen_t size = sizeof raw;
    const int fd = exchange_.connected->stream.fd();
    if (const int r = sys::local_name(fd, reinterpret_cast<sockaddr*>(&raw), &size); r < 0) {
        throw std::system_error(-r, std::generic_category(), "local_address");
    }
    return Address::from_raw(reinterpret_cast<const sockaddr*>(&raw), size);
}

bool Request::is_secure() const noexcept {
    return exchange_.connected->secure;
}

const std::string& Request::id() {
    if (exchange_.id.empty()) {
        std::array<unsigned char, 12> random{};
        RAND_bytes(random.data(), static_cast<int>(random.size()));  // if it fails, the id is not unique
        for (const unsigned char byte : random) {
            exchange_.id += "0123456789abcdef"[byte >> 4];
            exchange_.id += "0123456789abcdef"[byte & 15];
        }
    }
    return exchange_.id;
}

bool Request::is_aborted() const noexcept {
    return peer_is_gone(exchange_.connected->stream.fd());
}

std::string_view Request::parameter(std::string_view name) const noexcept {
    for (const auto& [key, value] : exchange_.parameters) {
        if (key == name) {
            return value;
        }
    }
    return {};
}

void Request::set_parameter(std::string_view name, std::string_view value) {
    for (auto& [key, old] : exchange_.parameters) {
        if (key == name) {
            old = value;
            return;
        }
    }
    exchange_.parameters.emplace_back(name, value);
}

std::string_view Request::environment(std::string_view key) const noexcept {
    const auto& all = exchange_.server->options().environment;
    const auto found = all.find(key);
    return found != all.end() ? std::string_view(found->second) : std::string_view();
}

Serving& Request::serving() const noexcept {
    return exchange_.connected->serving;
}

const ServerView& Request::server() const noexcept {
    return *exchange_.server;
}

}  // namespace tendril::http
