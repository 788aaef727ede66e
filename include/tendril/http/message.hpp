// SPDX-License-Identifier: MIT
// Floor: http
//
// What requests and responses have in common (RFC 9110, RFC 9112): versions, status codes, and the errors that report a
// peer's breach of the protocol. Nothing here yields.

#pragma once

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

#include <tendril/http/headers.hpp>

namespace tendril::http {

enum class Version : std::uint8_t { http_1_0, http_1_1 };  // the versions of HTTP that are spoken

std::string_view to_string(Version version) noexcept;  // "HTTP/1.1"

// Returns: the name of a status code: "Not Found"; "" for one without a name. RFC 9110, 15.
std::string_view reason(int status) noexcept;

// Returns: whether a response with this status can have a body: not for 1xx, 204 and 304.
constexpr bool may_have_body(int status) noexcept {
    return status >= 200 && status != 204 && status != 304;
}

// How a peer broke the protocol.
enum class Fault {
    malformed = 1,  // the message is not HTTP, or contradicts itself
    too_large,      // it exceeds a limit
    incomplete,     // the connection ended, or a time limit came, in the middle of it
    unsupported,    // it uses a transfer coding, an expectation or a version that is not supported
};

// The category of a ProtocolError's code(), whose value is a Fault: e.code() == Fault::too_large.
const std::error_category& http_category() noexcept;
// For std::error_code.
std::error_code make_error_code(Fault fault) noexcept;

// The peer broke the protocol. what() says how, and never quotes what the peer sent. If it leaves a server's handler:
// a status of 4xx means that the client is at fault (its body, its path, a form), and is the answer, which is logged as
// bad input; 502 means that a server which the handler asked as a client is at fault, and counts as the handler's
// error.
class ProtocolError : public std::system_error {
public:
    // status: what a server answers to such a request: 400, 408, 413, 414, 417, 431, 501, 505; for a response: 502.
    ProtocolError(Fault fault, int status, const std::string& how)
        : std::system_error(make_error_code(fault), how), status_(status) {}
    int status() const noexcept { return status_; }
    // Returns: the same error with another status.
    ProtocolError with_status(int status) const {
        ProtocolError other = *this;
        other.status_ = status;
        return other;
    }

private:
    int status_;
};

// Thrown by a server's handler to answer with this status, with this text as the body, if nothing of a response has
// been sent. The connection goes on, unless the headers say Connection: close. The text is plain unless a Content-Type
// is set:
//
//     throw StatusError(422, to_json(problem)).set("Content-Type", "application/problem+json");
//     throw StatusError(401, "who are you?").set("WWW-Authenticate", "Basic realm=\"x\"");
class StatusError : public std::runtime_error {
public:
    // Throws: std::invalid_argument for a status outside 400 to 599.
    explicit StatusError(int status, const std::string& text = {}, const Headers& headers = {});
    int status() const noexcept { return status_; }
    const Headers& headers() const noexcept;  // that the response gets

    // Sets a header of the answer. Throws: as Headers::set().
    StatusError& set(std::string_view name, std::string_view value);

private:
    int status_;
    std::shared_ptr<const Headers> headers_;  // nullptr: none; copies share them, as copying must not throw
};

}  // namespace tendril::http

template <>
struct std::is_error_code_enum<tendril::http::Fault> : std::true_type {};
