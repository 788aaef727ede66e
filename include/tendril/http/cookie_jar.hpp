// SPDX-License-Identifier: MIT
// Floor: http
//
// CookieJar: the cookies that servers set, kept as a browser keeps them (RFC 6265bis, 5.6 to 5.8), and which of them go
// with a request. A Client uses it when ClientOptions::cookies has one.
//
//     auto jar = std::make_shared<http::CookieJar>();
//     http::Client client({.cookies = jar});
//
// A server may set a cookie for its own host and for domains above it, as far as those are one owner's: not for "com"
// or "co.uk". Debian's package publicsuffix has the list of those, which is read at the first cookie. Where it is not
// installed, only domains of one label are everybody's, and a server at a.co.uk can set a cookie that b.co.uk gets: do
// not share a jar there among sites that must not know each other. "example.org." is the same host as "example.org".
// A Secure cookie goes over https only, and no plain response replaces it. SameSite is for browsers, and means nothing
// here. One OS thread at a time.

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

// Beyond these the ones that were used least recently go. per_domain counts what one owner has, example.co.uk and all
// hosts in it, so that nobody can push out others' cookies by names of his own without end.
struct CookieJarOptions {
    std::size_t per_domain = 180;
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

    bool hides_secure(std::string_view site, std::string_view host, const Entry& entry) const;
    void put(const std::string& site, Entry entry, Time now);
    void shrink(Entries& entries, Time now);
    void drop_least_used();

    CookieJarOptions options_;
    std::map<std::string, Entries, std::less<>> sites_;
    std::size_t size_ = 0;
    std::uint64_t serial_ = 0;
};

}  // namespace tendril::http
