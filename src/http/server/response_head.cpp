// SPDX-License-Identifier: MIT
//
// The part of ResponseWriter that makes a response's head.

#include <chrono>
#include <stdexcept>

#include "http/message/chars.hpp"
#include "http/message/date_line.hpp"
#include "http/server/response_writer.hpp"

namespace tendril::http::detail {

std::optional<std::uint64_t> ResponseWriter::said_length() const {
    if (headers_.empty() || !headers_.contains("Content-Length")) {
        return std::nullopt;
    }
    const std::optional<std::uint64_t> length = parse_decimal(headers_.get("Content-Length"));
    if (!length.has_value() || headers_.count("Content-Length") > 1) {
        throw std::logic_error("a response: its Content-Length is not a number");
    }
    return length;
}

void ResponseWriter::choose_mode(std::optional<std::uint64_t> length) {
    if (opens_tunnel()) {  // what follows the head belongs to the tunnel: RFC 9110, 9.3.6
        mode_ = Mode::none;
        closes_ = true;
    } else if (!may_have_body(status_)) {
        mode_ = Mode::none;
    } else if (status_ == 205) {
        mode_ = Mode::length;
        length_ = 0;
    } else if (length.has_value()) {
        mode_ = Mode::length;
        length_ = *length;
    } else if (asked_.version == Version::http_1_1) {
        mode_ = Mode::chunked;
    } else {
        mode_ = Mode::until_close;
        closes_ = true;
    }
}

void ResponseWriter::append_name(std::string_view name) {
    const std::size_t at = out_.size();
    out_.append(name);
    if (options_->capitalize_headers) {
        bool first = true;
        for (std::size_t i = at; i < out_.size(); ++i) {
            const char c = out_.data()[i];
            out_.data()[i] = first && c >= 'a' && c <= 'z' ? static_cast<char>(c - 0x20) : first ? c : lower(c);
            first = c == '-';
        }
    }
}

void ResponseWriter::append_field(std::string_view name, std::string_view value) {
    append_name(name);
    out_.append(": ").append(value).append("\r\n");
}

// Whether the server writes this field itself, and the handler's value is not sent. Throws: std::logic_error for
// Transfer-Encoding.
bool ResponseWriter::is_ours(std::string_view name) {
    switch (name.size()) {
    case 10:
        return same_ignoring_case(name, "Connection") || same_ignoring_case(name, "Keep-Alive");
    case 14:
        return same_ignoring_case(name, "Content-Length");
    case 17:
        if (same_ignoring_case(name, "Transfer-Encoding")) {
            misuse("Transfer-Encoding is set by the server: leave it out");
        }
        return false;
    default:
        return false;
    }
}

void ResponseWriter::make_fields(std::string_view type) {
    for (const Headers::Field field : headers_) {
        if (!is_ours(field.name)) {
            append_field(field.name, field.value);
        }
    }
    if (mode_ != Mode::none && (headers_.empty() || !headers_.contains("Content-Type"))) {
        make_type(type);
    }
    if (headers_.empty() || !headers_.contains("Date")) {
        out_.append(date_line());
    }
    if (!options_->server_name.empty() && !headers_.contains("Server")) {
        append_field("Server", options_->server_name);
    }
}

// A body without a type is sent as text, and browsers are told not to guess that it is a page.
void ResponseWriter::make_type(std::string_view type) {
    if (!type.empty()) {
        if (!is_field_text(type)) {
            throw std::invalid_argument("a control character (a line's end?) in a response's Content-Type");
        }
        append_field("Content-Type", type);
    } else if (mode_ != Mode::length || length_ > 0) {
        append_field("Content-Type", "text/plain; charset=utf-8");
        if (!headers_.contains("X-Content-Type-Options")) {
            append_field("X-Content-Type-Options", "nosniff");
        }
    }
}

// Appends the headers of an answer without a body.
void ResponseWriter::append_others(const Headers& headers) {
    for (const Headers::Field field : headers) {
        if (!is_ours(field.name)) {
            append_field(field.name, field.value);
        }
    }
}

void ResponseWriter::check_status() const {
    if (status_ == 426 && !headers_.contains("Upgrade")) {
        misuse("426 without the header Upgrade: say which protocol the client should ask for");
    }
}

void ResponseWriter::make_head(std::optional<std::uint64_t> length, std::string_view type) {
    check_status();
    closes_ = !asked_.keep_alive || !options_->keep_alive || side_->must_close() ||
              (!headers_.empty() && headers_.lists("Connection", "close"));
    choose_mode(length);
    const std::size_t begin = out_.size();
    try {
        make_status_line();
        make_fields(type);
        if (mode_ == Mode::length) {
            out_.append("Content-Length: ").append_number(length_).append("\r\n");
        } else if (mode_ == Mode::chunked) {
            out_.append("Transfer-Encoding: chunked\r\n");
        }
        make_connection_fields();
        out_.append("\r\n");
    } catch (...) {  // a header is not allowed in a response: the handler may try again
        out_.shorten(begin);
        throw;
    }
    if (asked_.head) {
        mode_ = Mode::none;
    }
    transition(State::open);
}

void ResponseWriter::make_status_line() {
    if (status_ == 200 && reason_.empty() && options_->max_version == Version::http_1_1) [[likely]] {
        out_.append("HTTP/1.1 200 OK\r\n");
        return;
    }
    out_.append(to_string(options_->max_version)).append(" ").append_number(static_cast<std::uint64_t>(status_));
    out_.append(" ").append(reason_.empty() ? reason(status_) : std::string_view(reason_)).append("\r\n");
}

void ResponseWriter::make_connection_fields() {
    const bool offers = !headers_.empty() && headers_.contains("Upgrade");  // RFC 9110, 7.8
    if (closes_) {
        out_.append(offers ? "Connection: close, Upgrade\r\n" : "Connection: close\r\n");
        return;
    }
    if (offers) {
        out_.append("Connection: Upgrade\r\n");
    }
    if (asked_.version == Version::http_1_0) {
        out_.append("Connection: keep-alive\r\n");
    }
    if (options_->say_keep_alive) {
        const auto seconds =
            std::chrono::floor<std::chrono::seconds>(std::chrono::nanoseconds(options_->idle_timeout)).count();
        out_.append("Keep-Alive: timeout=").append_number(static_cast<std::uint64_t>(seconds)).append("\r\n");
    }
}

}  // namespace tendril::http::detail
