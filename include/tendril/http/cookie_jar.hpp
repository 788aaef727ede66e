// SPDX-License-Identifier: MIT
// Floor: http
//
// CookieJar: keeps the cookies that servers set, as a browser does (RFC 6265bis, 5.6 to 5.8), and finds those to send
// with a request. A Client uses the one in ClientOptions::cookies.
//
//     auto jar = std::make_shared<http::CookieJar>();
//     http::Client client({.cookies = jar});
//
// A server may set a cookie for its own host and for the domains above it that have the same owner: not for "com" or
// "co.uk". The list of such shared domains comes with Debian's package publicsuffix, and is read at the first cookie,
// which may block the hub. Where the package is not installed, only domains of one label count as shared, and a server
// at a.co.uk can set a cookie that b.co.uk gets: there, sites that must not know of each other must not share a jar.
// "example.org." is the same host as "example.org". A Secure cookie is sent over https only, and no plain response
// replaces it. SameSite is for browsers, and has no effect here. Nothing yields. One OS thread at a time.

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

// Limits. Beyond one, the cookie that was used least recently is dropped. per_domain counts the cookies of one owner,
// such as example.co.uk with all hosts in it, so that no owner can push out the others' cookies by making up hosts.
struct CookieJarOptions {
    std::size_t per_domain = 180;  // cookies of one owner
    std::size_t cookies = 3000;    // in total
};

// What the lines of a cookie file are.
struct CookieLines {
    std::size_t cookies = 0;  // kept, or expired already
    std::size_t ignored = 0;  // malformed, or a cookie that its host may not set
};

class CookieJar {
public:
    using Time = std::chrono::system_clock::time_point;  // when cookies expire

    // Empty, or with what a file had: see cookie_file.hpp.
    explicit CookieJar(const CookieJarOptions& options = {}) noexcept : options_(options) {}

    // Keeps the cookies in the Set-Cookie fields of a response to a request for `url`. Cookies that this host may not
    // set are ignored.
    void store(const Url& url, const Headers& response, Time now = std::chrono::system_clock::now());

    // The same for one cookie. One that has expired removes the old one. Returns: whether this host may set it.
    // Throws: std::invalid_argument for a name or a value that a Cookie field cannot carry: with a control character or
    // a semicolon, a name that is empty or has a "=".
    bool set(const Url& url, const Cookie& cookie, Time now = std::chrono::system_clock::now());

    // Returns: the value of the Cookie field for a request: longer paths first, then older cookies first; "" for none.
    // Counts as a use of these cookies.
    std::string header(const Url& url, Time now = std::chrono::system_clock::now());

    // Returns: all cookies that have not expired, with domain and path filled in; for tests, or to save them.
    std::vector<Cookie> cookies(Time now = std::chrono::system_clock::now()) const;
    // The text of a cookie file, and the reverse: see cookie_file.hpp, which reads and writes the files themselves.
    CookieLines add_netscape(std::string_view text, Time now = std::chrono::system_clock::now());
    std::string netscape(bool session = false, Time now = std::chrono::system_clock::now()) const;

    const CookieJarOptions& options() const noexcept { return options_; }  // as they were given
    std::size_t size() const noexcept { return size_; }                    // may include cookies that have expired
    void clear() noexcept;                                                 // drops all cookies

private:
    struct Entry {
        Cookie cookie;  // domain and path are filled in
        bool host_only = false;
        Time expires = Time::max();
        std::uint64_t made = 0;  // serial numbers: the higher, the later
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
