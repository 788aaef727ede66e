// SPDX-License-Identifier: MIT

#include "http/message/clean_path.hpp"

#include <algorithm>

#include <tendril/http/form.hpp>
#include <tendril/http/message.hpp>

#include "http/message/uri.hpp"
#include "http/message/utf8.hpp"

namespace tendril::http::detail {

namespace {

bool is_dots(std::string_view segment) noexcept {
    return segment == "." || segment == "..";
}

bool has_unsafe(std::string_view text) noexcept {
    return std::any_of(text.begin(), text.end(), [](char c) {
        const auto u = static_cast<unsigned char>(c);
        return u < 0x20 || u == 0x7f || u == '\\';
    });
}

// Calls f with each piece between slashes, until f refuses one. Returns: whether f accepted all.
template <class F>
bool all_segments(std::string_view text, F f) {
    for (;;) {
        const std::size_t end = std::min(text.find('/'), text.size());
        if (!f(text.substr(0, end), end == text.size())) {
            return false;
        }
        if (end == text.size()) {
            return true;
        }
        text.remove_prefix(end + 1);
    }
}

[[noreturn]] void refuse(const char* how) {
    throw ProtocolError(Fault::malformed, 400, how);
}

void check_segment(const std::string& decoded, bool slashes) {
    if (has_unsafe(decoded)) {
        refuse("an encoded control character or backslash in the path");
    }
    if (!is_utf8(decoded)) {
        refuse("a path that is not UTF-8");
    }
    if (decoded.find('/') == std::string::npos) {
        return;
    }
    const bool plain =
        all_segments(decoded, [](std::string_view part, bool) { return !part.empty() && !is_dots(part); });
    if (!slashes || !plain) {
        refuse("an encoded slash in the path");
    }
}

std::string collapsed(std::string_view path) {
    std::string clean;
    for (const char c : path) {
        if (c != '/' || !clean.ends_with('/')) {
            clean += c;
        }
    }
    return clean;
}

}  // namespace

bool is_clean_segment(std::string_view segment) noexcept {
    return !segment.empty() && !is_dots(segment) && !has_unsafe(segment) && is_utf8(segment);
}

std::optional<std::string> clean_path(std::string_view path, bool slashes) {
    const bool clean = all_segments(path.substr(1), [&](std::string_view raw, bool last) {
        if (raw.find('%') == std::string_view::npos && is_clean_segment(raw)) {
            return true;
        }
        const std::string decoded = percent_decode(raw);
        check_segment(decoded, slashes);
        return !is_dots(decoded) && (!decoded.empty() || last);
    });
    if (clean) {
        return std::nullopt;
    }
    // The segments after the first unclean one are checked too, before a redirect is answered.
    all_segments(path.substr(1), [&](std::string_view raw, bool) {
        check_segment(percent_decode(raw), slashes);
        return true;
    });
    return collapsed(remove_dot_segments(collapsed(path)));
}

}  // namespace tendril::http::detail
