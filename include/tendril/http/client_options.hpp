// SPDX-License-Identifier: MIT
// Floor: http
//
// ClientOptions: what a Client does beyond sending a request and reading the response.

#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <tendril/duration.hpp>
#include <tendril/http/headers.hpp>
#include <tendril/http/url.hpp>
#include <tendril/socket_options.hpp>
#include <tendril/tls_context.hpp>

namespace tendril::http {

class CookieJar;

struct ClientOptions {
    // Time limits; `forever` for none. A Deadline or a Timeout of the caller's may come first.
    Duration connect_timeout = std::chrono::seconds(30);     // lookup, proxy and TLS included
    Duration first_byte_timeout = std::chrono::seconds(60);  // from the request's end to the head's
    Duration body_timeout = std::chrono::seconds(60);        // for each wait for a piece of a body
    Duration total_timeout = forever;                        // from request() to the body's end

    // Connections: so many at most, idle ones included, to one origin and to all. Who needs one more waits, first come,
    // first served; an idle one to another origin is closed for it.
    std::size_t per_origin = 8;
    std::size_t connections = 100;
    bool keep_alive = true;
    Duration idle_timeout = std::chrono::seconds(30);  // idle ones are closed after it

    // For https: whom it trusts, and its own certificate. Nothing: TlsContext(), made at the first such URL.
    std::optional<TlsContext> tls = {};
    bool resume_sessions = true;  // of TLS
    ConnectOptions connect = {};  // where from, and by which resolver

    // Redirects that are followed, for one request; 0: none, the caller gets them. 301 and 302 make a POST a GET, 303
    // everything but HEAD; 307 and 308 keep the method and the body, and reach the caller where that body is a stream,
    // which cannot be sent twice. To another origin (scheme, host and port) go no fields, neither the request's nor
    // `headers`, but those that tell nothing (Accept and its like, Content-Type, -Encoding, -Language and -Disposition,
    // Cache-Control, Pragma, Range, User-Agent, DNT, Upgrade-Insecure-Requests) and those of cross_origin_headers.
    std::size_t redirects = 10;
    std::vector<std::string> cross_origin_headers = {};  // "X-Request-Id": their names, of any case
    bool allow_downgrade = false;                        // follow one from https to http too

    // Once more for a request that may be sent twice (GET, HEAD, OPTIONS, TRACE, PUT, DELETE; no stream as its body)
    // when a connection that was kept alive turns out to be closed before anything of the response came.
    bool retry = true;

    // Ask for gzip and deflate, and decode them, unless the request has its own Accept-Encoding or a Range.
    bool decompress = true;

    // "http://user:password@proxy:3128", made with UserInfo::allowed: plain requests go to it, for TLS it opens a
    // tunnel (CONNECT). Not for hosts in no_proxy: "example.org" means its subdomains too, "*" all.
    std::optional<Url> proxy = std::nullopt;
    std::vector<std::string> no_proxy = {};

    // Keeps the cookies that responses set, and sends them back; may be shared by several Clients of a hub. nullptr:
    // none are kept.
    std::shared_ptr<CookieJar> cookies = nullptr;

    Headers headers = {};  // of every request that has none of that name
    std::string user_agent = "tendril";

    // How long a request with expect_continue waits for the server's word before it sends its body all the same.
    Duration continue_timeout = std::chrono::seconds(1);
};

}  // namespace tendril::http
