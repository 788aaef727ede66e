// SPDX-License-Identifier: MIT
//
// Which proxy a request goes to. Pure.

#pragma once

#include <functional>
#include <string>

#include <tendril/http/client_options.hpp>
#include <tendril/http/proxies.hpp>
#include <tendril/http/url.hpp>

namespace tendril::http::detail {

// Returns: the proxy for this URL, in the options; nullptr: none.
const Url* proxy_for(const Url& url, const ClientOptions& options);

// Throws: std::invalid_argument for a proxy that is not http, for proxies said in two ways, and for an exception with a
// malformed network or port.
void check_proxies(const ClientOptions& options);

// environment_proxies() with an environment of its own. get: as getenv(3), nullptr for a variable that is not set.
Proxies proxies_of(const std::function<const char*(const char* name)>& get);

}  // namespace tendril::http::detail
