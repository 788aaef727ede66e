// SPDX-License-Identifier: MIT

#include <tendril/http/cookie_jar.hpp>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "http/message/chars.hpp"
#include "http/message/public_suffixes.hpp"

namespace tendril::http {

namespace {

constexpr std::chrono::seconds longest_life = std::chrono::hours(24 * 400);  // 6265bis, 5.5

// "example.org." is the same host as "example.org", and its cookies are the same.
std::string_view without_dot(std::string_view host) noexcept {
    host.remove_suffix(host.ends_with('.') ? 1 : 0);
    return host;
}

// Whether the URL's host is a name, which a cookie's domain may be; a socket's path and an address have no domains
// above them. A Url's host whose last part is a number is an IPv4 address.
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

// Returns: what belongs to one owner: "example.co.uk" for all hosts in it; else the host, an address, a path or a
// public suffix. A cookie's domain never reaches beyond it.
std::string_view site_of(const Url& url, std::string_view host) {
    std::string_view site = host;
    if (is_name(url)) {
        for (std::size_t dot = host.find('.'); dot != std::string_view::npos; dot = host.find('.', dot + 1)) {
            const std::string_view above = host.substr(dot + 1);
            if (is_public_suffix(above)) {
                break;
            }
            site = above;
        }
    }
    return site;
}

bool in_domain(std::string_view host, std::string_view domain) noexcept {
    return host == domain ||
           (host.size() > domain.size() && host.ends_with(domain) && host[host.size() - domain.size() - 1] == '.');
}

// See 6265bis, 5.1.4.
std::string default_path(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    return slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
}
bool path_matches(std::string_view path, std::string_view cookie_path) noexcept {
    return path.starts_with(cookie_path) &&
           (path.size() == cookie_path.size() || cookie_path.ends_with('/') || path[cookie_path.size()] == '/');
}

// A program may have made the cookie out of anything: a line's end in it would begin another field of the request.
void check_text(const Cookie& cookie) {
    const auto fits = [](std::string_view text, std::string_view but) {
        return detail::is_field_text(text) && text.find_first_of(but) == std::string_view::npos;
    };
    if (cookie.name.empty() || !fits(cookie.name, ";=") || !fits(cookie.value, ";")) {
        throw std::invalid_argument(
            "a cookie's name or value has a control character or a semicolon in it, or the name is empty or has a =: "
            "percent_encode() them");
    }
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
    check_text(cookie);
    Entry entry;
    entry.cookie = cookie;
    const std::string host = host_of(url);
    const std::string_view site = site_of(url, host);
    const std::string_view domain = without_dot(cookie.domain);
    if (domain.empty() || domain == host) {
        entry.host_only = domain.empty() || !is_name(url) || is_public_suffix(domain);
        entry.cookie.domain = host;
    } else if (!is_name(url) || !in_domain(host, domain) || domain.size() < site.size()) {
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
    if (!url.secure() && hides_secure(site, host, entry)) {
        return false;
    }
    put(std::string(site), std::move(entry), now);
    return true;
}

// Whether this cookie would be sent before a Secure one of the same name, and be mistaken for it: 6265bis, 5.7.
bool CookieJar::hides_secure(std::string_view site, std::string_view host, const Entry& entry) const {
    const auto at = sites_.find(site);
    return at != sites_.end() && std::any_of(at->second.begin(), at->second.end(), [&](const Entry& each) {
               return each.cookie.secure && each.cookie.name == entry.cookie.name &&
                      (in_domain(host, each.cookie.domain) || in_domain(each.cookie.domain, entry.cookie.domain)) &&
                      path_matches(entry.cookie.path, each.cookie.path);
           });
}

void CookieJar::put(const std::string& site, Entry entry, Time now) {
    Entries& entries = sites_[site];
    entry.made = entry.used = ++serial_;
    const auto old = std::find_if(entries.begin(), entries.end(), [&](const Entry& each) {
        return each.cookie.name == entry.cookie.name && each.cookie.domain == entry.cookie.domain &&
               each.cookie.path == entry.cookie.path && each.host_only == entry.host_only;
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
        sites_.erase(site);
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
    auto least = sites_.end();
    Entries::iterator entry;
    for (auto at = sites_.begin(); at != sites_.end(); ++at) {
        const auto oldest = std::min_element(at->second.begin(), at->second.end(),
                                             [](const Entry& a, const Entry& b) { return a.used < b.used; });
        if (oldest != at->second.end() && (least == sites_.end() || oldest->used < entry->used)) {
            least = at;
            entry = oldest;
        }
    }
    least->second.erase(entry);
    --size_;
    if (least->second.empty()) {
        sites_.erase(least);
    }
}

std::string CookieJar::header(const Url& url, Time now) {
    if (size_ == 0) {
        return {};
    }
    std::vector<Entry*> found;
    const std::string host = host_of(url);
    if (const auto at = sites_.find(site_of(url, host)); at != sites_.end()) {
        for (Entry& each : at->second) {
            const bool here = each.host_only ? each.cookie.domain == host : in_domain(host, each.cookie.domain);
            if (here && each.expires > now && (url.secure() || !each.cookie.secure) &&
                path_matches(url.path(), each.cookie.path)) {
                found.push_back(&each);
            }
        }
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
    for (const auto& [site, entries] : sites_) {
        for (const Entry& each : entries) {
            if (each.expires > now) {
                all.push_back(each.cookie);
            }
        }
    }
    return all;
}

void CookieJar::clear() noexcept {
    sites_.clear();
    size_ = 0;
}

}  // namespace tendril::http
