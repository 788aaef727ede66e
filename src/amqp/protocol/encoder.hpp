// SPDX-License-Identifier: MIT
//
// Writes fields in two passes: Measure checks them and counts their bytes, Encoder writes them into memory of that size
// and cannot fail. So what cannot be encoded is refused before a byte is written.

#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include <tendril/amqp/table.hpp>

#include "amqp/protocol/big_endian.hpp"
#include "amqp/protocol/method.hpp"

namespace tendril::amqp::detail {

// How deep tables and arrays may lie within each other, in both directions.
inline constexpr int deepest_table = 32;

// Throws: std::invalid_argument, naming the field.
[[noreturn]] void throw_too_long(std::string_view field, std::size_t size, std::size_t limit);

// The bytes of a table with its length. Throws: std::invalid_argument for a name over 255 bytes, one nested deeper than
// deepest_table, or one over 2^32 - 1 bytes.
std::size_t measure_table(const Table& table);

class Measure {
public:
    void operator()(std::string_view field, const ShortString& text) {
        if (text.size() > 255) {
            throw_too_long(field, text.size(), 255);
        }
        add(1 + text.size());
    }
    void operator()(std::string_view field, const LongString& text) {
        if (text.size() > UINT32_MAX) {
            throw_too_long(field, text.size(), UINT32_MAX);
        }
        add(4 + text.size());
    }
    void operator()(std::string_view /*field*/, const Table& table) { add(measure_table(table)); }
    void operator()(std::string_view /*field*/, bool /*bit*/) {
        if (bits_++ % 8 == 0) {
            ++size_;
        }
    }
    template <std::unsigned_integral I>
    void operator()(std::string_view /*field*/, I /*n*/) {
        add(sizeof(I));
    }
    template <class T>
    void operator()(std::string_view field, Reserved<T> /*r*/) {
        (*this)(field, T{});
    }

    std::size_t size() const noexcept { return size_; }

private:
    void add(std::size_t n) noexcept {
        size_ += n;
        bits_ = 0;
    }
    std::size_t size_ = 0;
    unsigned bits_ = 0;
};

class Encoder {
public:
    // Requires of all that follows: there is room at `out`, and Measure has taken it.
    explicit Encoder(char* out) noexcept : at_(out) {}

    void operator()(std::string_view /*field*/, const ShortString& text) noexcept { short_string(text); }
    void operator()(std::string_view /*field*/, const LongString& text) noexcept { long_string(text); }
    void operator()(std::string_view /*field*/, const Table& t) noexcept {
        Encoder other(at_);  // whose address the call takes, so that this one can lie in registers
        other.table(t);
        at_ = other.at_;
        bits_ = 0;
    }
    void operator()(std::string_view /*field*/, bool bit) noexcept {
        if (bits_ % 8 == 0) {
            *at_++ = 0;
        }
        at_[-1] = static_cast<char>(at_[-1] | int{bit} << bits_ % 8);
        ++bits_;
    }
    template <std::unsigned_integral I>
    void operator()(std::string_view /*field*/, I n) noexcept {
        integer(n);
    }
    template <class T>
    void operator()(std::string_view field, Reserved<T> /*r*/) noexcept {
        (*this)(field, T{});
    }

    template <std::unsigned_integral I>
    void integer(I n) noexcept {  // the highest byte first
        const I bytes = big_endian(n);
        std::memcpy(at_, &bytes, sizeof(I));  // one store, where single bytes would be as many
        at_ += sizeof(I);
        bits_ = 0;
    }
    void short_string(std::string_view text) noexcept {
        integer(static_cast<std::uint8_t>(text.size()));
        raw(text);
    }
    void long_string(std::string_view text) noexcept {
        integer(static_cast<std::uint32_t>(text.size()));
        raw(text);
    }
    void raw(std::string_view text) noexcept { at_ += text.copy(at_, text.size()); }
    void table(const Table& table) noexcept;

    char* at() const noexcept { return at_; }

private:
    template <std::unsigned_integral I>
    void typed(char type, I n) noexcept {
        *at_++ = type;
        integer(n);
    }
    void value(const Value& value) noexcept;
    void array(const Array& array) noexcept;
    void fill_in_length(char* length) noexcept;

    char* at_;
    unsigned bits_ = 0;  // of the run of bits that is being packed
};

}  // namespace tendril::amqp::detail
