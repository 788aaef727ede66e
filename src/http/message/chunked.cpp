// SPDX-License-Identifier: MIT

#include "http/message/chunked.hpp"

#include <algorithm>

#include <tendril/http/message.hpp>

#include "http/message/chars.hpp"
#include "http/message/field_parser.hpp"
#include "http/message/headers_access.hpp"

namespace tendril::http::detail {

namespace {

[[noreturn]] void malformed(const char* how) {
    throw ProtocolError(Fault::malformed, 400, how);
}

}  // namespace

void ChunkedDecoder::advance(std::string_view& in) {
    while (!in.empty() && state_ != State::data && state_ != State::ended) {
        if (state_ == State::trailers) {
            take_trailers(in);
            continue;
        }
        const char c = in.front();
        in.remove_prefix(1);
        switch (state_) {
        case State::size:
            take_size(c);
            break;
        case State::extension:
            take_extension(c);
            break;
        case State::size_lf:
            if (c != '\n') {
                malformed("a chunk's size line that does not end with CRLF");
            }
            end_size_line();
            break;
        case State::data_cr:
            if (c != '\r') {
                malformed("a chunk that is longer than its size");
            }
            state_ = State::data_lf;
            break;
        case State::data_lf:
            if (c != '\n') {
                malformed("a chunk that does not end with CRLF");
            }
            state_ = State::size;
            break;
        case State::data:
        case State::trailers:
        case State::ended:
            break;
        }
    }
}

void ChunkedDecoder::took(std::uint64_t n) noexcept {
    left_ -= n;
    if (left_ == 0) {
        state_ = State::data_cr;
    }
}

void ChunkedDecoder::take_size(char c) {
    ++line_;
    if (const int value = hex_value(c); value >= 0) {
        if (++digits_ > 16) {
            malformed("a chunk size of more than 16 digits");
        }
        left_ = left_ << 4 | static_cast<std::uint64_t>(value);
    } else if (digits_ > 0 && c == '\r') {
        state_ = State::size_lf;
    } else if (digits_ > 0 && (c == ';' || is_blank(c))) {
        state_ = State::extension;
        extension_ = Extension::behind;
        step_extension(c);
    } else {
        malformed("a chunk size that is not a hexadecimal number");
    }
}

void ChunkedDecoder::take_extension(char c) {
    if (++line_ > most_overhead) {
        malformed("a chunk extension that is too long");
    }
    const bool complete = !after_blank_ && (extension_ == Extension::behind || extension_ == Extension::name ||
                                            extension_ == Extension::after_name || extension_ == Extension::value);
    if (c == '\r' && complete) {
        state_ = State::size_lf;
    } else {
        step_extension(c);
    }
}

void ChunkedDecoder::step_extension(char c) {
    using enum Extension;
    after_blank_ = is_blank(c);
    switch (extension_) {
    case behind:
    case after_name:
        if (c == ';') {
            extension_ = before_name;
        } else if (c == '=' && extension_ == after_name) {
            extension_ = before_value;
        } else if (!is_blank(c)) {
            malformed("a malformed chunk extension");
        }
        return;
    case before_name:
    case before_value:
        if (is_token_char(c)) {
            extension_ = extension_ == before_name ? name : value;
        } else if (c == '"' && extension_ == before_value) {
            extension_ = quoted;
        } else if (!is_blank(c)) {
            malformed("a malformed chunk extension");
        }
        return;
    case name:
    case value:
        if (!is_token_char(c)) {
            extension_ = extension_ == name ? after_name : behind;
            step_extension(c);
        }
        return;
    case quoted:
        extension_ = c == '"' ? behind : c == '\\' ? escaped : quoted;
        break;
    case escaped:
        extension_ = quoted;
        break;
    }
    if (!is_field_text({&c, 1})) {
        malformed("a control character in a chunk extension");
    }
}

// Each chunk's size line may take 16 bytes plus as many as its data has. What exceeds that adds to the overhead, which
// later chunks can pay back.
void ChunkedDecoder::end_size_line() {
    const std::uint64_t usual = std::min<std::uint64_t>(left_, most_overhead) + 16;
    overhead_ = overhead_ + line_ > usual ? overhead_ + line_ - usual : 0;
    if (overhead_ > most_overhead) {
        malformed("chunks with more extensions than data");
    }
    line_ = 0;
    digits_ = 0;
    state_ = left_ == 0 ? State::trailers : State::data;
}

// Collects the trailers whole, then parses them: they are rare and short.
void ChunkedDecoder::take_trailers(std::string_view& in) {
    std::size_t n = 0;
    while (n < in.size()) {
        const char c = in[n++];
        trailer_text_ += c;
        if (trailer_text_.size() > most_trailers) {
            throw ProtocolError(Fault::too_large, 431, "trailers of more than 16 KiB");
        }
        if (c == '\n' && (trailer_text_ == "\r\n" || trailer_text_.ends_with("\r\n\r\n"))) {
            in.remove_prefix(n);
            end_trailers();
            return;
        }
        if (c == '\n' && !trailer_text_.ends_with("\r\n")) {
            malformed("a trailer line that ends without a carriage return");
        }
    }
    in.remove_prefix(n);
}

void ChunkedDecoder::end_trailers() {
    HeadLines lines;
    HeadersAccess::begin(trailers_);
    for (;;) {
        const std::size_t at = lines.begin();
        const std::optional<std::string_view> line = lines.next(trailer_text_);
        if (!line.has_value() || line->empty()) {
            break;
        }
        if (trailers_.size() == most_trailer_fields) {
            throw ProtocolError(Fault::too_large, 431, "more than 100 trailers");
        }
        parse_field(*line, at, trailers_);
    }
    HeadersAccess::rebase(trailers_, trailer_text_.data());
    Headers own = trailers_;  // a copy owns its text
    trailers_ = std::move(own);
    trailer_text_.clear();
    state_ = State::ended;
}

}  // namespace tendril::http::detail
