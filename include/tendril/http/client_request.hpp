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
#include <tendril/http/headers.hpp>
#include <tendril/http/url.hpp>
#include <tendril/stream.hpp>

namespace tendril::http {

// Nothing, a string, or a stream: of a known length, or sent in chunks. A stream is read, once, by a green thread of
// the client's own, as fast as the server takes it, and is held until it was sent or the response is dropped.
class RequestBody {
public:
    RequestBody() = default;
    RequestBody(std::string content);  // all implicit on purpose
    RequestBody(const char* content) : RequestBody(std::string(content)) {}
    // Throws: std::invalid_argument for nullptr.
    RequestBody(std::shared_ptr<Source> source, std::optional<std::uint64_t> length = std::nullopt);
    template <std::derived_from<Source> S>
    RequestBody(S source, std::optional<std::uint64_t> length = std::nullopt)
        : RequestBody(std::make_shared<S>(std::move(source)), length) {}

    bool is_stream() const noexcept { return source_ != nullptr; }
    bool empty() const noexcept { return source_ == nullptr && content().empty(); }
    std::string_view content() const noexcept { return content_ != nullptr ? *content_ : std::string_view(); }
    const std::shared_ptr<Source>& source() const noexcept { return source_; }
    std::optional<std::uint64_t> length() const noexcept { return is_stream() ? length_ : content().size(); }

private:
    std::shared_ptr<const std::string> content_;  // shared by copies
    std::shared_ptr<Source> source_;
    std::optional<std::uint64_t> length_;
};

struct ClientRequest {
    std::string method = "GET";
    Url url;
    Headers headers = {};  // Host, User-Agent, Accept and what frames the body are added; see Client::request()
    RequestBody body = {};

    // Asked for when a stream without a length has been sent: fields that follow it.
    std::function<Headers()> trailers = nullptr;

    // Sends the body only when the server has asked for it, or has said nothing for continue_timeout.
    bool expect_continue = false;

    // In place of the Client's.
    std::optional<std::size_t> redirects = std::nullopt;
    std::optional<bool> decompress = std::nullopt;
    std::optional<Duration> first_byte_timeout = std::nullopt;
    std::optional<Duration> total_timeout = std::nullopt;
};

}  // namespace tendril::http
