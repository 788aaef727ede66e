// SPDX-License-Identifier: MIT
// Floor: http
//
// ClientOptions: what a Client does beyond sending a request and reading the response. Client's constructor checks
// them.

#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <tendril/duration.hpp>
#include <tendril/http/credentials.hpp>
#include <tendril/http/headers.hpp>
#include <tendril/http/proxies.hpp>
#include <tendril/http/url.hpp>
#include <tendril/socket_options.hpp>
#include <tendril/tls_context.hpp>

namespace tendril::http {

class CookieJar;

struct ClientOptions {
    // Time limits; `forever`: none. A Deadline or a Timeout of the caller's may come first. Each throws TimeoutError.
    Duration connect_timeout = std::chrono::seconds(30);     // to connect: lookup, proxy and TLS included
    Duration first_byte_timeout = std::chrono::seconds(60);  // from the end of the request to the end of the head
    Duration body_timeout = std::chrono::seconds(60);        // for each wait while a body is sent or read
    Duration total_timeout = forever;                        // from request() to the end of the response's body

    // How many connections there may be, idle ones included, to one origin and in total. A request that needs one more
    // waits, first come, first served; an idle connection to another origin is closed for it.
    std::size_t per_origin = 8;
    std::size_t connections = 100;
    bool keep_alive = true;                            // reuse connections
    Duration idle_timeout = std::chrono::seconds(30);  // connections that are idle for longer are closed

    // For https: the authorities to trust, and the client's own certificate. Nothing: TlsContext(), made for the first
    // such URL.
    std::optional<TlsContext> tls = {};
    bool resume_sessions = true;  // resume TLS sessions on new connections to the same origin
    ConnectOptions connect = {};  // the address to connect from, and the resolver

    // How many redirects are followed for one request; 0: none, the caller gets the first. 301 and 302 turn a POST into
    // a GET, 303 everything but HEAD. 307 and 308 keep the method and the body; if that is a stream, which cannot be
    // sent twice, the caller gets the redirect. To another origin (scheme, host and port) no fields are sent, neither
    // the request's nor `headers`, except harmless ones (Accept and its like, Content-Type, -Encoding, -Language and
    // -Disposition, Cache-Control, Pragma, Range, User-Agent, DNT, Upgrade-Insecure-Requests) and cross_origin_headers.
    std::size_t redirects = 10;
    std::vector<std::string> cross_origin_headers = {};  // names of fields, of any case: "X-Request-Id"
    bool allow_downgrade = false;                        // also follow redirects from https to http

    // Repeat a request on a new connection when a connection that was kept alive turns out to be closed before any of
    // the response came. Only if it may be sent twice: GET, HEAD, OPTIONS, TRACE, PUT, DELETE, and no stream has been
    // read for its body.
    bool retry = true;

    // Ask for gzip and deflate, and decode them, unless the request has its own Accept-Encoding or a Range.
    bool decompress = true;

    // "http://user:password@proxy:3128", made with UserInfo::allowed. Plain requests are sent to the proxy; for TLS it
    // opens a tunnel (CONNECT). Not used for hosts in no_proxy: as Proxies::except. A field Proxy-Authorization of the
    // program's own, in a request or in `headers`, goes to a proxy of plain requests; one in `headers` also with
    // CONNECT; none goes to a server.
    std::optional<Url> proxy = std::nullopt;
    std::vector<std::string> no_proxy = {};
    // In place of these two: one proxy for http and another, or none, for https. See environment_proxies().
    std::optional<Proxies> proxies = std::nullopt;

    // User and password for an origin (scheme, host and port): {{"https://example.org", {"aladdin", "open sesame"}}}.
    // They go nowhere else: not to where a redirect leads, not to a subdomain, not to another port. By default nothing
    // is sent before the server asks (401); the request is then sent again, with Digest (RFC 7616) if the server can do
    // that, else with Basic (RFC 7617), and later requests to this origin carry it from the start. A request whose body
    // is a stream that was already read cannot be repeated: the caller gets the 401. ClientRequest::credentials, or
    // "user:password@" in the request's URL, come before these; a field Authorization that the caller has set is left
    // alone. A proxy's user works in the same way. Users of a URL, of the server or the proxy, are sent as Basic at
    // once. At most two repetitions; the caller gets the last 401.
    std::map<std::string, Credentials, std::less<>> credentials = {};

    // Keeps the cookies that responses set, and sends them back. Several Clients of a hub may share it. nullptr:
    // cookies are ignored.
    std::shared_ptr<CookieJar> cookies = nullptr;

    bool trace = true;                   // send the current trace, if there is one: see trace.hpp
    Headers headers = {};                // added to every request that has no field of the same name
    std::string user_agent = "tendril";  // the field User-Agent

    // How long a request with expect_continue waits for the server's answer before it sends its body all the same.
    Duration continue_timeout = std::chrono::seconds(1);
};

}  // namespace tendril::http
