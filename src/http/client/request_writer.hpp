// SPDX-License-Identifier: MIT
//
// Writes a Client's request for the wire, and makes the next one after a redirect. Pure.

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

// Adds what the Client's options say. Afterwards `decompress` says whether the client asks for compression and decodes
// it.
// Throws: std::invalid_argument, as Client::request() does.
void complete(ClientRequest& request, const ClientOptions& options);

bool asks_for_upgrade(const ClientRequest& request) noexcept;

// Whether a request with this method may be sent twice: RFC 9110, 9.2.2.
bool is_idempotent(std::string_view method) noexcept;

// What a request is sent with, besides what it says itself.
struct SentWith {
    bool by_proxy = false;                   // the request line has the whole URL
    std::string_view cookies{};              // the value of Cookie; "" for none
    std::string_view authorization{};        // of Authorization
    std::string_view proxy_authorization{};  // of Proxy-Authorization
};

// Returns: the request line, all fields and the empty line. Requires: the request is complete().
OutBuffer request_head(const ClientRequest& request, const ClientOptions& options, const SentWith& with);

// Returns: the request that follows a redirect; nothing if the response is for the caller.
// Throws: ProtocolError for a Location that cannot be followed, or one from https to http where the options forbid it.
std::optional<ClientRequest> redirected(const ClientRequest& request, const ResponseHead& head,
                                        const ClientOptions& options);

}  // namespace tendril::http::detail
