// SPDX-License-Identifier: MIT
//
// What a request of a Client's looks like on the wire, and what becomes of it after a redirect. Pure.

#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <tendril/http/client_options.hpp>
#include <tendril/http/client_request.hpp>
#include <tendril/http/url.hpp>

#include "http/client/response_parser.hpp"
#include "http/message/out_buffer.hpp"

namespace tendril::http::detail {

// Adds what the Client's options say; `decompress` says then whether compression is asked for, and decoded.
// Throws: std::invalid_argument, as Client::request() does.
void complete(ClientRequest& request, const ClientOptions& options);

bool asks_for_upgrade(const ClientRequest& request) noexcept;

// May it be sent twice? RFC 9110, 9.2.2.
bool is_idempotent(std::string_view method) noexcept;

// The request line and all fields, and the empty line, of a request that is complete(). cookies: the Cookie field's
// value, or empty.
OutBuffer request_head(const ClientRequest& request, const ClientOptions& options, bool by_proxy,
                       std::string_view cookies);

// The request that follows a redirect; nothing: the response is for the caller. Throws: ProtocolError: a Location that
// leads nowhere, or from https to http where that is not allowed.
std::optional<ClientRequest> redirected(const ClientRequest& request, const ResponseHead& head,
                                        const ClientOptions& options);

}  // namespace tendril::http::detail
