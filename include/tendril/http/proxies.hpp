// SPDX-License-Identifier: MIT
// Floor: http
//
// Proxies: which proxy a Client asks for which URL, for example as the environment says:
//
//     http::Client client({.proxies = http::environment_proxies()});
//
// Nothing is read from the environment unless a program asks for it in this way: a variable that somebody else can set
// would otherwise lead its requests elsewhere. A value; any thread.

#pragma once

#include <optional>
#include <string>
#include <vector>

#include <tendril/http/url.hpp>

namespace tendril::http {

// A proxy's URL is http://, and may have a user (UserInfo::allowed): it gets Basic at once, or Digest if it asks for
// that. TLS to the proxy itself and SOCKS are not supported.
struct Proxies {
    std::optional<Url> plain{};   // for http and ws
    std::optional<Url> secure{};  // for https and wss: a tunnel (CONNECT)

    // Hosts that are asked directly: "example.org" means its subdomains too, as does ".example.org"; "192.0.2.1",
    // "::1"; a network, "10.0.0.0/8"; each perhaps for one port only, "example.org:8080", "[::1]:8080"; "*": all hosts.
    // Addresses match URLs with an address, as no name is looked up for this.
    std::vector<std::string> except{};
};

// Reads the variables that curl, wget and Python's urllib know:
//
//     http_proxy                 for http and ws; in lower case only, as a CGI script's HTTP_PROXY is a client's header
//     https_proxy, HTTPS_PROXY   for https and wss
//     all_proxy, ALL_PROXY       for those of the two that are not set
//     no_proxy, NO_PROXY         hosts to be asked directly, separated by commas or blanks
//
// Of two spellings the one in lower case counts; an empty value counts as not set. A value without a scheme is
// http://. The port is 80 unless it is said (curl's is 1080).
// Throws: std::invalid_argument that names the variable, but not its value, which may hold a password: it is no URL, or
// its proxy is of a kind that is not supported; going on without it could send requests where they must not go. Also
// for an exception with a malformed network or port, which it quotes.
Proxies environment_proxies();

}  // namespace tendril::http
