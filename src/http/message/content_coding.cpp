// SPDX-License-Identifier: MIT

#include "http/message/content_coding.hpp"

#include <tendril/http/media_type.hpp>
#include <tendril/http/message.hpp>

#include "http/message/chars.hpp"

namespace tendril::http {

bool is_compressible(std::string_view media_type) noexcept {
    const std::string_view type = detail::trimmed(media_type.substr(0, media_type.find(';')));
    if (type.size() > 5 && detail::same_ignoring_case(type.substr(0, 5), "text/")) {
        return !detail::same_ignoring_case(type, "text/event-stream");  // its pieces must not wait for each other
    }
    for (const std::string_view suffix : {"json", "xml", "javascript", "x-javascript", "wasm", "svg+xml", "graphql"}) {
        if (type.size() > suffix.size() &&
            detail::same_ignoring_case(type.substr(type.size() - suffix.size()), suffix)) {
            const char before = type[type.size() - suffix.size() - 1];
            return before == '/' || before == '+';
        }
    }
    return false;
}

namespace detail {

bool ContentCoding::wanted(const Compression& compression, const Headers& request, Headers& response, int status,
                           std::string_view type) {
    if (const std::string_view own = response.get("Content-Type"); !own.empty()) {
        type = own;
    }
    if (!may_have_body(status) || status == 206 || response.contains("Content-Encoding") ||
        response.lists("Cache-Control", "no-transform") || !compression.of(type)) {
        return false;
    }
    if (!response.lists("Vary", "Accept-Encoding")) {
        response.add("Vary", "Accept-Encoding");
    }
    return accepts_encoding(request, "gzip");
}

std::string_view ContentCoding::code(Bytes body, bool flush) {
    coded_.clear();
    deflater_->write(body, coded_);
    if (flush) {
        deflater_->flush(coded_);
    }
    return coded_;
}

std::string_view ContentCoding::finish(Bytes rest) {
    coded_.clear();
    deflater_->write(rest, coded_);
    deflater_->finish(coded_);
    deflater_.reset();
    return coded_;
}

void ContentCoding::mark(Headers& response) {
    response.set("Content-Encoding", "gzip");
    response.remove("Content-Length");
    response.remove("Accept-Ranges");
    if (const std::string_view tag = response.get("ETag"); tag.starts_with('"')) {
        response.set("ETag", "W/" + std::string(tag));
    }
}

}  // namespace detail

}  // namespace tendril::http
