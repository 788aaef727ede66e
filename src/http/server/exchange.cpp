// SPDX-License-Identifier: MIT

#include "http/server/exchange.hpp"

#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <system_error>

#include "base/sys.hpp"
#include "http/message/chars.hpp"
#include "http/server/server_core.hpp"

namespace tendril::http {

namespace detail {

namespace {

// The free ones of this OS thread, the last used first. They go at its end, while its hub may still unwind green
// threads that give theirs back.
struct Free {
    Exchange* first = nullptr;
    std::size_t count = 0;
    bool closed = false;
};
constinit thread_local Free free_ones;  // trivial, so that looking at it is one instruction
constexpr std::size_t most_free = 64;

struct FreeAtEnd {
    FreeAtEnd() = default;
    FreeAtEnd(const FreeAtEnd&) = delete;
    FreeAtEnd& operator=(const FreeAtEnd&) = delete;
    ~FreeAtEnd() {
        free_ones.closed = true;
        while (Exchange* one = free_ones.first) {
            free_ones.first = one->next_free;
            delete one;
        }
    }
};

Exchange* make_exchange() {
    static thread_local const FreeAtEnd at_end;
    static_cast<void>(at_end);
    return new Exchange;
}

}  // namespace

void Exchange::reset() noexcept {
    incoming.forget();
    head.method = head.target = {};
    if (!id.empty()) {
        id.clear();
    }
    if (!parameters.empty()) {
        parameters.clear();
    }
}

ExchangePtr acquire_exchange() {
    Exchange* one = free_ones.first;
    if (one == nullptr) [[unlikely]] {
        return ExchangePtr(make_exchange());
    }
    free_ones.first = one->next_free;
    --free_ones.count;
    return ExchangePtr(one);
}

void ReleaseExchange::operator()(Exchange* one) const noexcept {
    if (free_ones.closed || free_ones.count == most_free) [[unlikely]] {
        delete one;
        return;
    }
    one->reset();
    one->incoming.clear();
    one->writer.trim();
    one->writer.forget_error();
    one->body.forget_error();
    one->next_free = free_ones.first;
    free_ones.first = one;
    ++free_ones.count;
}

}  // namespace detail

// --- what a Request shows of it

std::string_view Request::method() const noexcept {
    return exchange_.head.method;
}

std::string_view Request::target() const noexcept {
    return exchange_.head.target;
}

namespace {

// A target in absolute form, split: "http://host:80/path" has its host and its path.
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

}  // namespace

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
    return exchange_.core->client(peer(), headers());
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
        RAND_bytes(random.data(), static_cast<int>(random.size()));  // without it: an id that is not unique
        for (const unsigned char byte : random) {
            exchange_.id += "0123456789abcdef"[byte >> 4];
            exchange_.id += "0123456789abcdef"[byte & 15];
        }
    }
    return exchange_.id;
}

bool Request::is_aborted() const noexcept {
    return detail::peer_is_gone(exchange_.connected->stream.fd());
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
    const auto& all = exchange_.core->options().environment;
    const auto found = all.find(key);
    return found != all.end() ? std::string_view(found->second) : std::string_view();
}

const ServerView& Request::server() const noexcept {
    return *exchange_.core;
}

}  // namespace tendril::http
