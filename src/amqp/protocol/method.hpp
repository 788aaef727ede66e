// SPDX-License-Identifier: MIT
//
// What a method of AMQP 0-9-1 is described by: its numbers and name, and its fields in the order of the wire.
//
// A method is an aggregate with `static constexpr MethodInfo info` and `fields(m, f)`, which calls f(name, value) for
// each field. Values are bool (packed as bits), unsigned integers, ShortString, LongString, Table, and Reserved<one of
// these> for fields that are sent as zero and skipped. encoder.hpp and decoder.hpp do the rest.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <tendril/amqp/table.hpp>

namespace tendril::amqp::detail {

struct MethodId {
    std::uint16_t of_class = 0;
    std::uint16_t of_method = 0;
    constexpr std::uint32_t number() const noexcept { return std::uint32_t{of_class} << 16 | of_method; }
    friend constexpr bool operator==(const MethodId&, const MethodId&) = default;
};

struct MethodInfo {
    MethodId id;
    std::string_view name;     // "queue.declare"
    bool synchronous = false;  // a request that is answered, or an answer
    bool content = false;      // a header and a body follow
};

// Of a method as a type, for a switch.
template <class M>
inline constexpr std::uint32_t number_of = M::info.id.number();

// Texts are views: of the caller's memory when they are sent, of the frame when they were received.
struct ShortString : std::string_view {  // at most 255 bytes
    constexpr ShortString() noexcept = default;
    constexpr ShortString(std::string_view text) noexcept : std::string_view(text) {}
    constexpr ShortString(const char* text) noexcept : std::string_view(text) {}
    ShortString(const std::string& text) noexcept : std::string_view(text) {}
};
struct LongString : std::string_view {  // at most 2^32 - 1 bytes
    constexpr LongString() noexcept = default;
    constexpr LongString(std::string_view text) noexcept : std::string_view(text) {}
    constexpr LongString(const char* text) noexcept : std::string_view(text) {}
    LongString(const std::string& text) noexcept : std::string_view(text) {}
};

template <class T>
struct Reserved {};

}  // namespace tendril::amqp::detail
