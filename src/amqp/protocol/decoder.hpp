// SPDX-License-Identifier: MIT
//
// Decoder: reads fields from the payload of a frame. Never reads past it, and allocates for tables only, in proportion
// to the bytes that are there. Texts are views of the payload.

#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <tendril/amqp/table.hpp>

#include "amqp/protocol/big_endian.hpp"
#include "amqp/protocol/method.hpp"

namespace tendril::amqp::detail {

// Throw: ProtocolError.
[[noreturn]] void throw_unknown_method(MethodId id);
[[noreturn]] void throw_other_method(std::string_view expected, MethodId got);

class Decoder {
public:
    // what: the frame, for the texts of errors; it must outlive the Decoder.
    Decoder(std::string_view payload, std::string_view what) noexcept : rest_(payload), what_(what) {}

    // The whole payload of a method frame. Throws: ProtocolError, as all that follows.
    template <class M>
    static M method(std::string_view payload) {
        Decoder in(payload, M::info.name);
        if (const MethodId got = in.id(); !(got == M::info.id)) {
            throw_other_method(M::info.name, got);
        }
        M m;
        M::fields(m, in);
        in.end();
        return m;
    }

    void operator()(std::string_view field, ShortString& text) { text = short_string(field); }
    void operator()(std::string_view field, LongString& text) { text = long_string(field); }
    void operator()(std::string_view field, Table& t) { t = table(field); }
    void operator()(std::string_view field, bool& bit) {
        if (bits_ % 8 == 0) {
            octet_ = byte(field);
        }
        bit = (octet_ >> bits_ % 8 & 1) != 0;
        ++bits_;
    }
    template <std::unsigned_integral I>
    void operator()(std::string_view field, I& n) {
        n = integer<I>(field);
    }
    template <class T>
    void operator()(std::string_view field, Reserved<T> /*r*/) {
        T skipped{};
        (*this)(field, skipped);
    }

    MethodId id() {
        const auto of_class = integer<std::uint16_t>("class");
        return {of_class, integer<std::uint16_t>("method")};
    }
    template <std::unsigned_integral I>
    I integer(std::string_view field) {
        return load_big_endian<I>(raw(sizeof(I), field).data());
    }
    std::string_view short_string(std::string_view field) { return raw(byte(field), field); }
    std::string_view long_string(std::string_view field) { return raw(integer<std::uint32_t>(field), field); }
    // Inline, as every field goes through it, and a call costs more than what it does.
    [[gnu::always_inline]] std::string_view raw(std::size_t size, std::string_view field) {
        if (size > rest_.size()) {
            throw_short(field);
        }
        const std::string_view taken = rest_.substr(0, size);
        rest_.remove_prefix(size);
        bits_ = 0;
        return taken;
    }
    Table table(std::string_view field);

    // Nothing may follow.
    void end() const {
        if (!rest_.empty()) {
            throw_longer();
        }
    }

private:
    unsigned char byte(std::string_view field) { return integer<std::uint8_t>(field); }
    Decoder nested(std::string_view field) { return {long_string(field), what_}; }
    Table read_table(std::string_view field, int depth);
    Array read_array(std::string_view field, int depth);
    Value read_value(std::string_view field, int depth);
    template <class I>
    Value number(std::string_view field);
    [[noreturn]] void throw_short(std::string_view field) const;
    [[noreturn]] void throw_longer() const;
    [[noreturn]] void throw_deep(std::string_view field) const;
    [[noreturn]] void throw_type(std::string_view field, unsigned char type) const;

    std::string_view rest_;
    std::string_view what_;
    unsigned bits_ = 0;  // of the run of bits that is being read, whose byte is octet_
    unsigned char octet_ = 0;
};

}  // namespace tendril::amqp::detail
