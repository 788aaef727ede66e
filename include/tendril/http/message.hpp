// SPDX-License-Identifier: MIT
//
// What requests and responses have in common (RFC 9110, RFC 9112): versions, status codes, and the errors that a peer's
// breach of the protocol is.

#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

namespace tendril::http {

enum class Version : std::uint8_t { http_1_0, http_1_1 };

std::string_view to_string(Version version) noexcept;  // "HTTP/1.1"

// What this status code is called: "Not Found"; "" for one without a name. RFC 9110, 15.
std::string_view reason(int status) noexcept;

// Can a response with this status have a body? Not 1xx, 204 and 304.
constexpr bool may_have_body(int status) noexcept {
    return status >= 200 && status != 204 && status != 304;
}

// How a peer broke the protocol.
enum class Fault {
    malformed = 1,  // what came is no HTTP, or contradicts itself
    too_large,      // it goes beyond a limit
    incomplete,     // the connection ended in the midst of it
    unsupported,    // a transfer coding, an expectation or a version that is not known here
};

const std::error_category& http_category() noexcept;
std::error_code make_error_code(Fault fault) noexcept;

// The peer broke the protocol. what() says how, and never quotes what the peer sent.
class ProtocolError : public std::system_error {
public:
    // status: what a server answers to such a request: 400, 413, 414, 417, 431, 501, 505.
    ProtocolError(Fault fault, int status, const std::string& how)
        : std::system_error(make_error_code(fault), how), status_(status) {}
    int status() const noexcept { return status_; }

private:
    int status_;
};

// For handlers: the answer is this status, with this text as its body; as long as no other has begun.
class StatusError : public std::runtime_error {
public:
    // Throws: std::invalid_argument for a status outside 400 to 599.
    explicit StatusError(int status, const std::string& text = {});
    int status() const noexcept { return status_; }

private:
    int status_;
};

}  // namespace tendril::http

template <>
struct std::is_error_code_enum<tendril::http::Fault> : std::true_type {};
