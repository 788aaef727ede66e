// SPDX-License-Identifier: MIT

#include "amqp/protocol/encoder.hpp"

#include <bit>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <variant>

namespace tendril::amqp::detail {

namespace {

void check_depth(int depth) {
    if (depth > deepest_table) {
        throw std::invalid_argument("a table with more than 32 levels of tables and arrays: no broker takes that; "
                                    "send what is nested in the body");
    }
}

std::size_t measure(const Table& table, int depth);

std::size_t measure(const Value& value, int depth) {
    return 1 + std::visit(
                   [depth]<class T>(const T& held) -> std::size_t {
                       if constexpr (std::is_same_v<T, std::monostate>) {
                           return 0;
                       } else if constexpr (std::is_same_v<T, std::string>) {
                           return 4 + held.size();
                       } else if constexpr (std::is_same_v<T, ByteString>) {
                           return 4 + held.bytes.size();
                       } else if constexpr (std::is_same_v<T, Decimal>) {
                           return 5;
                       } else if constexpr (std::is_same_v<T, Timestamp>) {
                           return 8;
                       } else if constexpr (std::is_same_v<T, Table>) {
                           return measure(held, depth + 1);
                       } else if constexpr (std::is_same_v<T, Array>) {
                           check_depth(depth + 1);
                           std::size_t size = 4;
                           for (const Value& each : held) {
                               size += measure(each, depth + 1);
                           }
                           return size;
                       } else {
                           return sizeof(T);
                       }
                   },
                   value.kind());
}

std::size_t measure(const Table& table, int depth) {
    check_depth(depth);
    std::size_t size = 4;
    for (const auto& [name, value] : table) {
        if (name.size() > 255) {
            throw_too_long("a name in a table", name.size(), 255);
        }
        size += 1 + name.size() + measure(value, depth);
    }
    return size;
}

}  // namespace

void throw_too_long(std::string_view field, std::size_t size, std::size_t limit) {
    throw std::invalid_argument(std::string(field) + ": " + std::to_string(size) + " bytes; AMQP allows " +
                                std::to_string(limit));
}

std::size_t measure_table(const Table& table) {
    const std::size_t size = measure(table, 1);
    if (size > UINT32_MAX) {
        throw_too_long("a table", size, UINT32_MAX);
    }
    return size;
}

void Encoder::fill_in_length(char* length) noexcept {
    Encoder(length).integer(static_cast<std::uint32_t>(at_ - length - 4));
}

void Encoder::table(const Table& table) noexcept {
    char* const length = at_;
    integer(std::uint32_t{0});
    for (const auto& [name, each] : table) {
        short_string(name);
        value(each);
    }
    fill_in_length(length);
}

void Encoder::array(const Array& array) noexcept {
    char* const length = at_;
    integer(std::uint32_t{0});
    for (const Value& each : array) {
        value(each);
    }
    fill_in_length(length);
}

void Encoder::value(const Value& value) noexcept {
    struct Write {
        Encoder& out;
        void operator()(std::monostate) const noexcept { *out.at_++ = 'V'; }
        void operator()(bool b) const noexcept { out.typed('t', std::uint8_t{b}); }
        void operator()(std::int8_t n) const noexcept { out.typed('b', static_cast<std::uint8_t>(n)); }
        void operator()(std::uint8_t n) const noexcept { out.typed('B', n); }
        void operator()(std::int16_t n) const noexcept { out.typed('s', static_cast<std::uint16_t>(n)); }
        void operator()(std::uint16_t n) const noexcept { out.typed('u', n); }
        void operator()(std::int32_t n) const noexcept { out.typed('I', static_cast<std::uint32_t>(n)); }
        void operator()(std::uint32_t n) const noexcept { out.typed('i', n); }
        void operator()(std::int64_t n) const noexcept { out.typed('l', static_cast<std::uint64_t>(n)); }
        void operator()(float n) const noexcept { out.typed('f', std::bit_cast<std::uint32_t>(n)); }
        void operator()(double n) const noexcept { out.typed('d', std::bit_cast<std::uint64_t>(n)); }
        void operator()(Timestamp time) const noexcept { out.typed('T', time.seconds); }
        void operator()(Decimal n) const noexcept {
            out.typed('D', n.scale);
            out.integer(static_cast<std::uint32_t>(n.value));
        }
        void operator()(const std::string& text) const noexcept {
            *out.at_++ = 'S';
            out.long_string(text);
        }
        void operator()(const ByteString& text) const noexcept {
            *out.at_++ = 'x';
            out.long_string(text.bytes);
        }
        void operator()(const Array& array) const noexcept {
            *out.at_++ = 'A';
            out.array(array);
        }
        void operator()(const Table& table) const noexcept {
            *out.at_++ = 'F';
            out.table(table);
        }
    };
    std::visit(Write{*this}, value.kind());
}

}  // namespace tendril::amqp::detail
