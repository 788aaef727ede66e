// SPDX-License-Identifier: MIT
//
// For the parsers: makes Headers that refer to text owned by another object.

#pragma once

#include <cstdint>
#include <string_view>

#include <tendril/http/headers.hpp>

namespace tendril::http::detail {

struct HeadersAccess {
    static constexpr const char* nothing = "";

    // Clears the headers. Entries noted from here on are offsets, valid once rebase() has set their base.
    static void begin(Headers& headers) noexcept {
        headers.entries_.clear();
        headers.received_ = nothing;
    }
    static void note(Headers& headers, std::size_t name, std::size_t name_size, std::size_t value,
                     std::size_t value_size) {
        headers.entries_.push_back({static_cast<std::uint32_t>(name), static_cast<std::uint32_t>(value),
                                    static_cast<std::uint32_t>(name_size), static_cast<std::uint32_t>(value_size)});
    }
    static void rebase(Headers& headers, const char* text) noexcept { headers.received_ = text; }

    // Instead of rebase(): makes the headers keep a copy of all the text that they refer to.
    static void own(Headers& headers, std::string_view text) {
        headers.own_.assign(text);
        headers.received_ = nullptr;
    }
    static void reserve(Headers& headers, std::size_t count) { headers.entries_.reserve(count); }
};

}  // namespace tendril::http::detail
