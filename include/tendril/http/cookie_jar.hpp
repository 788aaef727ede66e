// SPDX-License-Identifier: MIT
//
// CookieJar: the cookies that servers set, kept as a browser keeps them (RFC 6265bis, 5.6 to 5.8), and which of them go
// with a request. A Client uses it when ClientOptions::cookies has one.
//
//     auto jar = std::make_shared<http::CookieJar>();
//     http::Client client({.cookies = jar});
//
// A server may set a cookie for its own host and for domains above it, but not for a domain of one label ("com"). There
// is no list of public suffixes: a server at a.co.uk can set one that b.co.uk gets. Do not share a jar among sites that
// must not know each other. A Secure cookie goes over https only, and no plain response replaces it. SameSite is for
// browsers, and means nothing here. One OS thread at a time.

#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <tendril/http/cookie.hpp>
#include <tendril/http/headers.hpp>
#include <tendril/http/url.hpp>

namespace tendril::http {

// Beyond these the ones that were used least recently go.
struct CookieJarOptions {
    std::size_t per_domain = 50;
    std::size_t cookies = 3000;
};

class CookieJar {
public:
    using Time = std::chrono::system_clock::time_point;

    explicit CookieJar(const CookieJarOptions& options = {}) noexcept : options_(options) {}

    // Keeps what the Set-Cookie fields of a response to a request for `url` say. Those that may not be set from there
    // are passed over.
    void store(const Url& url, const Headers& response, Time now = std::chrono::system_clock::now());

    // The same for one cookie. Returns: whether it may be set from there.
    bool set(const Url& url, const Cookie& cookie, Time now = std::chrono::system_clock::now());

    // The value of the Cookie field for a request: those with longer paths first, older ones first. Empty: no cookie.
    std::string header(const Url& url, Time now = std::chrono::system_clock::now());

    // All that have not expired, with their domain and path.
    std::vector<Cookie> cookies(Time now = std::chrono::system_clock::now()) const;
    std::size_t size() const noexcept { return size_; }  // those that have expired meanwhile too
    void clear() noexcept;

private:
    struct Entry {
        Cookie cookie;  // domain and path are filled in
        bool host_only = false;
        Time expires = Time::max();
        std::uint64_t made = 0;  // in this order
        std::uint64_t used = 0;
    };
    using Entries = std::vector<Entry>;

    bool hides_secure(const Url& url, const Entry& entry) const;
    void put(Entry entry, Time now);
    void shrink(Entries& entries, Time now);
    void drop_least_used();

    CookieJarOptions options_;
    std::map<std::string, Entries, std::less<>> domains_;
    std::size_t size_ = 0;
    std::uint64_t serial_ = 0;
};

}  // namespace tendril::http
