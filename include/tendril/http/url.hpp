// SPDX-License-Identifier: MIT
// Floor: http
//
// Url: the target of a request: http, https, ws and wss (RFC 3986, RFC 9110, 4.2), and http+unix for a server on a
// Unix-domain socket, whose percent-encoded path takes the place of the host: http+unix://%2Frun%2Fapp.sock/status
//
//     Url page("https://example.org/a/b?x=1");
//     Url next = page.resolve("../c");               // https://example.org/c?...
//
// A Url is always absolute and normalized: scheme and host in lower case, no default port, no dot segments, "/" for an
// empty path. It is strict where it matters: no control character, blank or backslash can get through, so no Url can
// split a request; a host that only looks like an IPv4 address (127.1, 0x7f.1) is refused. As browsers do, it
// percent-encodes characters that are not allowed in a path, query or fragment: non-ASCII characters as their UTF-8,
// "<>[]^`{|}, and blanks inside. Host names in other scripts must be given in their ASCII form (xn--...). Pure; any
// thread.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace tendril::http {

namespace detail {
struct UrlParser;
}

// Whether "user:password@" may stand before the host. Mostly it is a mistake, or made to mislead a reader of the URL.
enum class UserInfo { refused, allowed };

class Url {
public:
    static constexpr std::size_t longest = std::size_t{64} * 1024;  // bytes; longer texts are refused

    // Parses the text. Throws: std::invalid_argument, which says what is wrong and does not quote the text, as that may
    // hold a password.
    Url(std::string_view text, UserInfo userinfo = UserInfo::refused);  // implicit on purpose
    Url(const std::string& text) : Url(std::string_view(text)) {}
    Url(const char* text) : Url(std::string_view(text)) {}

    // Returns: the URL that a link or a Location on this page means: RFC 3986, 5.2, strictly. The userinfo is kept if
    // the host is. Throws: as the constructor, also for a link with another scheme, such as mailto.
    Url resolve(std::string_view reference) const;

    const std::string& scheme() const noexcept { return scheme_; }  // in lower case
    const std::string& host() const noexcept { return host_; }    // IPv6 without brackets; http+unix: the socket's path
    std::uint16_t port() const noexcept { return port_; }         // the default one too; 0 for http+unix
    const std::string& path() const noexcept { return path_; }    // percent-encoded, begins with "/"
    const std::string& query() const noexcept { return query_; }  // percent-encoded, without the "?"
    bool has_query() const noexcept { return has_query_; }        // "http://a/?" has an empty one
    const std::string& fragment() const noexcept { return fragment_; }  // behind the "#", encoded; it is not sent
    bool has_fragment() const noexcept { return has_fragment_; }        // whether there is a "#"

    // The userinfo, percent-decoded; empty if there is none.
    const std::string& user() const noexcept { return user_; }
    const std::string& password() const noexcept { return password_; }

    bool secure() const noexcept { return scheme_ == "https" || scheme_ == "wss"; }  // whether it needs TLS
    bool is_unix() const noexcept { return scheme_ == "http+unix"; }  // whether it leads to a Unix-domain socket
    bool has_default_port() const noexcept;                           // whether it is the one of its scheme

    std::string target() const;       // for the request line: path and query
    std::string host_header() const;  // for the field Host: with the port, unless it is the default one

    // Returns: scheme, host and port: "https://example.org", "http://[::1]:8080". RFC 6454.
    std::string origin() const;
    // Returns: whether both have the same scheme, host and port.
    bool same_origin(const Url& other) const noexcept;

    // Returns: the text, which the constructor can parse again; never with the userinfo, so that no log gets it.
    std::string to_string() const;
    // Returns: the same without "#" and what follows it.
    Url without_fragment() const;

    friend bool operator==(const Url&, const Url&) = default;

private:
    friend struct detail::UrlParser;
    Url() = default;

    std::string scheme_;
    std::string user_;
    std::string password_;
    std::string host_;
    std::string path_;
    std::string query_;
    std::string fragment_;
    std::uint16_t port_ = 0;
    bool has_query_ = false;
    bool has_fragment_ = false;
};

}  // namespace tendril::http
