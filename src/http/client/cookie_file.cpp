// SPDX-License-Identifier: MIT

#include <tendril/http/cookie_file.hpp>

#include <fcntl.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <utility>

#include <tendril/fd.hpp>
#include <tendril/file.hpp>
#include <tendril/thread_pool.hpp>

#include "base/no_nul.hpp"
#include "base/sys.hpp"
#include "http/message/chars.hpp"

namespace tendril::http {

namespace {

constexpr std::string_view http_only_mark = "#HttpOnly_";
constexpr std::size_t fields_of_a_line = 7;

// Takes what precedes the next separator. Returns: nothing at the end.
std::optional<std::string_view> take(std::string_view& rest, char separator) noexcept {
    if (rest.data() == nullptr) {
        return std::nullopt;
    }
    const std::size_t end = rest.find(separator);
    const std::string_view piece = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    return piece;
}

// A line's cookie, whose domain says for whom it is.
struct Line {
    Cookie cookie;
    std::string host;
};

// Builds what a server would have said, and reads that, so that the same rules hold. domain: "" for one host.
std::optional<Cookie> checked(std::string_view name, std::string_view value, std::string_view path, bool secure,
                              std::string_view domain) {
    std::string text(name);
    text.append("=").append(value).append("; Path=").append(path).append(secure ? "; Secure" : "");
    text.append(domain.empty() ? "" : "; Domain=").append(domain);
    std::optional<Cookie> cookie = parse_set_cookie(text);
    const bool same = cookie.has_value() && cookie->name == name && cookie->value == value && cookie->path == path &&
                      cookie->domain == domain;
    return same && path.starts_with('/') ? cookie : std::nullopt;
}

// Returns: the host in the form of a cookie's domain.
std::string normal(std::string_view domain) {
    domain.remove_prefix(domain.starts_with('.') ? 1 : 0);
    domain.remove_suffix(domain.ends_with('.') ? 1 : 0);
    std::string host(domain);
    std::transform(host.begin(), host.end(), host.begin(), detail::lower);
    return host;
}

std::optional<Line> parse_line(std::string_view text) {
    Line line;
    const bool http_only = text.starts_with(http_only_mark);
    text.remove_prefix(http_only ? http_only_mark.size() : 0);
    std::array<std::string_view, fields_of_a_line> field{};
    std::size_t n = 0;
    while (const auto piece = take(text, '\t')) {
        if (n == field.size()) {
            return std::nullopt;
        }
        field[n++] = *piece;
    }
    const auto& [domain, subdomains, path, secure, expires, name, value] = field;
    constexpr std::uint64_t far = 1ULL << 33;  // seconds: later than system_clock can count is "far ahead"
    const std::optional<std::uint64_t> until = detail::parse_decimal(expires);
    line.host = normal(domain);
    std::optional<Cookie> cookie =
        checked(name, value, path, secure == "TRUE", subdomains == "TRUE" ? std::string_view(line.host) : "");
    if (n + 1 < field.size() || !until.has_value() || !cookie.has_value()) {  // an empty value may lack its tab
        return std::nullopt;
    }
    line.cookie = *std::move(cookie);
    line.cookie.http_only = http_only;
    line.cookie.same_site = SameSite::unset;
    if (*until > 0) {
        line.cookie.expires = CookieJar::Time(std::chrono::seconds(std::min(*until, far)));
    }
    return line;
}

std::optional<Url> url_of(const std::string& host) {
    const bool v6 = host.find(':') != std::string::npos;
    try {
        return Url("https://" + (v6 ? "[" + host + "]" : host) + "/");
    } catch (const std::invalid_argument&) {
        return std::nullopt;
    }
}

std::string random_name() {
    std::array<unsigned char, 8> random{};
    if (RAND_bytes(random.data(), static_cast<int>(random.size())) != 1) {
        throw std::runtime_error("no random numbers for a file's name");
    }
    std::string name;
    for (const unsigned char byte : random) {
        name += "0123456789abcdef"[byte >> 4];
        name += "0123456789abcdef"[byte & 15];
    }
    return name;
}

int write_all(int fd, std::string_view text) noexcept {
    while (!text.empty()) {
        const ssize_t n = sys::write(fd, text.data(), text.size());
        if (n < 0 && n != -EINTR) {
            return static_cast<int>(n);
        }
        text.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
    }
    return 0;
}

// In the thread pool. Returns: 0 or -errno; leaves no file of its own.
int replace_file(const std::string& path, const std::string& beside, std::string_view text) noexcept {
    Fd file(sys::open(beside, O_WRONLY | O_CREAT | O_EXCL, 0600));
    if (!file.is_open()) {
        return file.get();
    }
    int error = write_all(file.get(), text);
    error = error == 0 ? sys::sync(file.get()) : error;
    file.close();
    error = error == 0 ? sys::rename(beside, path) : error;
    if (error != 0) {
        sys::unlink(beside);
    }
    return error;
}

}  // namespace

CookieLines CookieJar::add_netscape(std::string_view text, Time now) {
    CookieLines lines;
    while (std::optional<std::string_view> line = take(text, '\n')) {
        line->remove_suffix(line->ends_with('\r') ? 1 : 0);
        if (detail::trimmed(*line).empty() || (line->starts_with('#') && !line->starts_with(http_only_mark))) {
            continue;
        }
        const std::optional<Line> parsed = parse_line(*line);
        const std::optional<Url> url = parsed.has_value() ? url_of(parsed->host) : std::nullopt;
        const bool good = url.has_value() && set(*url, parsed->cookie, now);
        ++(good ? lines.cookies : lines.ignored);
    }
    return lines;
}

std::string CookieJar::netscape(bool session, Time now) const {
    using std::chrono::seconds;
    std::string text = "# Netscape HTTP Cookie File\n";
    for (const auto& [site, entries] : sites_) {
        for (const Entry& each : entries) {
            const Cookie& c = each.cookie;
            const bool forever = each.expires == Time::max();
            const bool fits = (c.domain + c.path + c.name + c.value).find_first_of("\t\r\n") == std::string::npos &&
                              c.domain.find(' ') == std::string::npos;
            if (each.expires <= now || (forever && !session) || !fits) {
                continue;
            }
            const auto until = std::chrono::duration_cast<seconds>(each.expires.time_since_epoch()).count();
            text.append(c.http_only ? http_only_mark : "").append(each.host_only ? "" : ".").append(c.domain);
            text.append(each.host_only ? "\tFALSE\t" : "\tTRUE\t").append(c.path);
            text.append(c.secure ? "\tTRUE\t" : "\tFALSE\t").append(forever ? "0" : std::to_string(until));
            text.append("\t").append(c.name).append("\t").append(c.value).append("\n");
        }
    }
    return text;
}

CookieLines load_cookies(CookieJar& jar, const std::string& path, Deadline deadline) {
    File file = File::open(path, FileMode::read, 0, deadline);
    std::string text;
    for (std::size_t n = 0;; text.resize(text.size() - n)) {
        constexpr std::size_t piece = std::size_t{64} * 1024;
        const std::size_t before = text.size();
        text.resize(before + piece);
        const std::size_t got = file.recv({text.data() + before, piece}, deadline);
        n = piece - got;
        if (got == 0) {
            text.resize(before);
            break;
        }
        if (before + got > longest_cookie_file) {
            throw std::runtime_error(path + ": a cookie file of more than 16 MiB");
        }
    }
    // In the thread pool too, since a file of sixteen megabytes takes seconds; what it comes down to is a jar's fill.
    const auto [lines, cookies] = offload(deadline, [text = std::move(text), limits = jar.options()] {
        CookieJar read(limits);
        const CookieLines found = read.add_netscape(text);
        return std::pair(found, read.netscape(true));
    });
    jar.add_netscape(cookies);
    if (lines.cookies == 0 && lines.ignored > 0) {
        throw std::runtime_error(path + ": not a cookie file, in Netscape's format: no line has its seven fields");
    }
    return lines;
}

void save_cookies(const CookieJar& jar, const std::string& path, bool session, Deadline deadline) {
    tendril::detail::require_no_nul(path, "save_cookies: a path");
    const int error = offload(deadline, [path, beside = path + "." + random_name() + ".tmp",
                                         text = jar.netscape(session)] { return replace_file(path, beside, text); });
    if (error != 0) {
        throw std::system_error(-error, std::generic_category(), "save cookies to \"" + path + '"');
    }
}

}  // namespace tendril::http
