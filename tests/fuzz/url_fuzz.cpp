// SPDX-License-Identifier: MIT
//
// Whatever text comes, Url refuses it or makes something whole of it: what it prints it reads again as the same, a link
// to itself is itself, and nothing that goes into a request can end a line.

#include <tendril/http/url.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "http/message/authority.hpp"

namespace {

using tendril::http::Url;
using tendril::http::UserInfo;

void check(bool holds) {
    if (!holds) {
        std::abort();
    }
}

void check_printable(std::string_view text) {
    for (const char c : text) {
        check(c > 0x20 && c < 0x7f);
    }
}

void check_whole(const Url& url) {
    const Url again(url.to_string());
    check(again.to_string() == url.to_string() && again.host() == url.host() && again.port() == url.port() &&
          again.target() == url.target() && again.same_origin(url) && again.fragment() == url.fragment());
    check_printable(url.target());
    check_printable(url.host_header());
    const auto authority = tendril::http::detail::parse_authority(url.host_header());
    check(url.is_unix() ||
          (authority.has_value() && !authority->host.empty() && authority->port.value_or(url.port()) == url.port()));
    check(url.target().starts_with('/') && url.resolve(url.to_string()) == again);
}

std::optional<Url> parsed(std::string_view text, UserInfo userinfo) {
    try {
        return Url(text, userinfo);
    } catch (const std::invalid_argument&) {
        return std::nullopt;
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view text(reinterpret_cast<const char*>(data), size);
    if (text.ends_with('\n')) {
        text.remove_suffix(1);  // of a corpus file
    }
    const std::optional<Url> url = parsed(text, UserInfo::allowed);
    if (url.has_value()) {
        check_whole(*url);
    }
    const std::size_t blank = text.find('\n');
    const std::string_view reference = blank == std::string_view::npos ? text : text.substr(blank + 1);
    const std::optional<Url> given =
        blank == std::string_view::npos ? std::nullopt : parsed(text.substr(0, blank), UserInfo::refused);
    try {
        check_whole(given.value_or(Url("http://a/b/c/d;p?q")).resolve(reference));
    } catch (const std::invalid_argument&) {
    }
    return 0;
}
