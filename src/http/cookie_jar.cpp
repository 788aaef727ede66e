// SPDX-License-Identifier: MIT

#include <tendril/http/cookie_jar.hpp>

#include <algorithm>
#include <utility>

#include "http/chars.hpp"
#include "http/public_suffixes.hpp"

namespace tendril::http {

namespace {

constexpr std::chrono::seconds longest_life = std::chrono::hours(24 * 400);  // 6265bis, 5.5

// "example.org." is the same host as "example.org", and its cookies are the same.
std::string_view without_dot(std::string_view host) noexcept {
    host.remove_suffix(host.ends_with('.') ? 1 : 0);
    return host;
}

// Whose domain a cookie may be for: a socket's path and an address have no domains above them. A Url's host whose last
// part is a number is an IPv4 address.
bool is_name(const Url& url) noexcept {
    if (url.is_unix() || url.host().find(':') != std::string::npos) {
        return false;
    }
    const std::string_view host = without_dot(url.host());
    const std::string_view last = host.substr(host.rfind('.') + 1);
    return !std::all_of(last.begin(), last.end(), detail::is_digit);
}

std::string host_of(const Url& url) {
    return url.is_unix() ? "unix " + url.host() : std::string(without_dot(url.host()));
}

bool is_public_suffix(std::string_view domain) {
    return detail::PublicSuffixes::installed().contains(domain);
}

bool in_domain(std::string_view host, std::string_view domain) noexcept {
    return host == domain ||
           (host.size() > domain.size() && host.ends_with(domain) && host[host.size() - domain.size() - 1] == '.');
}

// 6265bis, 5.1.4.
std::string default_path(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    return slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
}
bool path_matches(std::string_view path, std::string_view cookie_path) noexcept {
    return path.starts_with(cookie_path) &&
           (path.size() == cookie_path.size() || cookie_path.ends_with('/') || path[cookie_path.size()] == '/');
}

CookieJar::Time end_of(const Cookie& cookie, CookieJar::Time now) {
    CookieJar::Time end = CookieJar::Time::max();
    if (cookie.max_age.has_value()) {
        end = now + std::clamp(*cookie.max_age, std::chrono::seconds(0), longest_life);
    } else if (cookie.expires.has_value()) {
        end = std::min<CookieJar::Time>(*cookie.expires, now + longest_life);
    }
    return end;
}

}  // namespace

void CookieJar::store(const Url& url, const Headers& response, Time now) {
    for (const std::string_view value : response.values("Set-Cookie")) {
        if (const std::optional<Cookie> cookie = parse_set_cookie(value)) {
            set(url, *cookie, now);
        }
    }
}

bool CookieJar::set(const Url& url, const Cookie& cookie, Time now) {
    Entry entry;
    entry.cookie = cookie;
    const std::string host = host_of(url);
    const std::string_view domain = without_dot(cookie.domain);
    if (domain.empty() || domain == host) {
        entry.host_only = domain.empty() || !is_name(url) || is_public_suffix(domain);
        entry.cookie.domain = host;
    } else if (!is_name(url) || !in_domain(host, domain) || is_public_suffix(domain)) {
        return false;
    } else {
        entry.cookie.domain.assign(domain.data(), domain.size());
    }
    if (cookie.secure && !url.secure()) {
        return false;
    }
    if (!cookie.path.starts_with('/')) {
        entry.cookie.path = default_path(url.path());
    }
    entry.expires = end_of(cookie, now);
    if (!url.secure() && hides_secure(url, entry)) {
        return false;
    }
    put(std::move(entry), now);
    return true;
}

// Would it stand before a Secure one of its name, and be taken for it? 6265bis, 5.7.
bool CookieJar::hides_secure(const Url& url, const Entry& entry) const {
    const std::string host = host_of(url);
    for (const auto& [domain, entries] : domains_) {
        if (!in_domain(host, domain) && !in_domain(domain, entry.cookie.domain)) {
            continue;
        }
        if (std::any_of(entries.begin(), entries.end(), [&](const Entry& each) {
                return each.cookie.secure && each.cookie.name == entry.cookie.name &&
                       path_matches(entry.cookie.path, each.cookie.path);
            })) {
            return true;
        }
    }
    return false;
}

void CookieJar::put(Entry entry, Time now) {
    const std::string domain = entry.cookie.domain;
    Entries& entries = domains_[domain];
    entry.made = entry.used = ++serial_;
    const auto old = std::find_if(entries.begin(), entries.end(), [&](const Entry& each) {
        return each.cookie.name == entry.cookie.name && each.cookie.path == entry.cookie.path &&
               each.host_only == entry.host_only;
    });
    if (old != entries.end()) {
        entry.made = old->made;
        entries.erase(old);
        --size_;
    }
    if (entry.expires > now) {
        entries.push_back(std::move(entry));
        ++size_;
        shrink(entries, now);
    }
    if (entries.empty()) {
        domains_.erase(domain);
    }
    while (size_ > options_.cookies) {
        drop_least_used();
    }
}

void CookieJar::shrink(Entries& entries, Time now) {
    size_ -= std::erase_if(entries, [&](const Entry& each) { return each.expires <= now; });
    while (entries.size() > options_.per_domain) {
        entries.erase(std::min_element(entries.begin(), entries.end(),
                                       [](const Entry& a, const Entry& b) { return a.used < b.used; }));
        --size_;
    }
}

void CookieJar::drop_least_used() {
    auto least = domains_.end();
    Entries::iterator entry;
    for (auto at = domains_.begin(); at != domains_.end(); ++at) {
        const auto oldest = std::min_element(at->second.begin(), at->second.end(),
                                             [](const Entry& a, const Entry& b) { return a.used < b.used; });
        if (oldest != at->second.end() && (least == domains_.end() || oldest->used < entry->used)) {
            least = at;
            entry = oldest;
        }
    }
    least->second.erase(entry);
    --size_;
    if (least->second.empty()) {
        domains_.erase(least);
    }
}

std::string CookieJar::header(const Url& url, Time now) {
    std::vector<Entry*> found;
    const std::string host = host_of(url);
    std::string_view domain = host;
    for (;;) {
        if (const auto at = domains_.find(domain); at != domains_.end()) {
            for (Entry& each : at->second) {
                if (each.expires > now && (!each.host_only || domain == host) &&
                    (url.secure() || !each.cookie.secure) && path_matches(url.path(), each.cookie.path)) {
                    found.push_back(&each);
                }
            }
        }
        const std::size_t dot = domain.find('.');
        if (dot == std::string_view::npos || !is_name(url)) {
            break;
        }
        domain.remove_prefix(dot + 1);
    }
    std::sort(found.begin(), found.end(), [](const Entry* a, const Entry* b) {
        const std::size_t x = a->cookie.path.size();
        const std::size_t y = b->cookie.path.size();
        return x != y ? x > y : a->made < b->made;
    });
    std::string text;
    for (Entry* each : found) {
        each->used = ++serial_;
        text.append(text.empty() ? "" : "; ").append(each->cookie.name).append("=").append(each->cookie.value);
    }
    return text;
}

std::vector<Cookie> CookieJar::cookies(Time now) const {
    std::vector<Cookie> all;
    for (const auto& [domain, entries] : domains_) {
        for (const Entry& each : entries) {
            if (each.expires > now) {
                all.push_back(each.cookie);
            }
        }
    }
    return all;
}

void CookieJar::clear() noexcept {
    domains_.clear();
    size_ = 0;
}

}  // namespace tendril::http
