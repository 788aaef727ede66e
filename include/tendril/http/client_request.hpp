// SPDX-License-Identifier: MIT
// Floor: http
//
// ClientRequest: what a Client is asked to send.
//
//     client.request({.method = "PUT", .url = "https://example.org/x", .headers = {{"Content-Type", "text/plain"}},
//                     .body = "text"});

#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <tendril/duration.hpp>
#include <tendril/http/credentials.hpp>
#include <tendril/http/headers.hpp>
#include <tendril/http/url.hpp>
#include <tendril/stream.hpp>

namespace tendril::http {

// The body of a request: nothing, a string, or a stream. A stream of a known length is sent with a Content-Length, any
// other in chunks. It is read once, by a green thread of the client's own, as fast as the server takes it, and is kept
// until it has been sent or the response is dropped. Its conversions are implicit on purpose.
class RequestBody {
public:
    RequestBody() = default;           // no body
    RequestBody(std::string content);  // A text or any bytes, sent with their length
    RequestBody(const char* content) : RequestBody(std::string(content)) {}  // the same of a literal
    // length: how many bytes the stream has; nothing: unknown. Throws: std::invalid_argument for nullptr.
    RequestBody(std::shared_ptr<Source> source, std::optional<std::uint64_t> length = std::nullopt);
    template <std::derived_from<Source> S>
    RequestBody(S source, std::optional<std::uint64_t> length = std::nullopt)
        : RequestBody(std::make_shared<S>(std::move(source)), length) {}

    // Whether it is read piece by piece, from a Source.
    bool is_stream() const noexcept { return source_ != nullptr; }
    bool empty() const noexcept { return source_ == nullptr && content().empty(); }  // a stream is never empty
    // Returns: the string; "" for a stream.
    std::string_view content() const noexcept { return content_ != nullptr ? *content_ : std::string_view(); }
    // Returns: the stream; nullptr for a string.
    const std::shared_ptr<Source>& source() const noexcept { return source_; }
    // Returns: how many bytes; nothing for a stream of unknown length.
    std::optional<std::uint64_t> length() const noexcept { return is_stream() ? length_ : content().size(); }

private:
    std::shared_ptr<const std::string> content_;  // shared by copies
    std::shared_ptr<Source> source_;
    std::optional<std::uint64_t> length_;
};

// A request to be sent by Client::request().
struct ClientRequest {
    std::string method = "GET";  // a token; not CONNECT
    Url url;                     // where to
    Headers headers = {};        // Host, User-Agent, Accept and the fields that frame the body are added by the client
    RequestBody body = {};       // empty by default

    // Called when a stream of unknown length has been sent, in the green thread that sent it. Returns: fields to send
    // behind the body.
    std::function<Headers()> trailers = nullptr;

    // Sends "Expect: 100-continue", and the body only once the server has asked for it, or has been silent for
    // continue_timeout. A server that answers 417 gets the request again without it.
    bool expect_continue = false;

    // For the origin of `url` only, and those that redirects lead to there: see ClientOptions::credentials.
    std::optional<Credentials> credentials = std::nullopt;

    // These replace the Client's options for this request.
    std::optional<std::size_t> redirects = std::nullopt;
    std::optional<bool> decompress = std::nullopt;
    std::optional<Duration> first_byte_timeout = std::nullopt;
    std::optional<Duration> total_timeout = std::nullopt;
};

}  // namespace tendril::http
