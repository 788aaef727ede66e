// SPDX-License-Identifier: MIT

#include "amqp/protocol/decoder.hpp"

#include <bit>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <tendril/amqp/error.hpp>

#include "amqp/protocol/encoder.hpp"
#include "amqp/protocol/methods.hpp"

namespace tendril::amqp::detail {

namespace {

std::string described(MethodId id) {
    std::string text = std::to_string(id.of_class) + "," + std::to_string(id.of_method);
    if (const MethodInfo* info = method_info(id)) {
        text += " (";
        text += info->name;
        text += ')';
    }
    return text;
}

}  // namespace

void throw_unknown_method(MethodId id) {
    throw ProtocolError("the broker sent the method " + described(id) + ", which AMQP 0-9-1 does not have");
}

void throw_other_method(std::string_view expected, MethodId got) {
    throw ProtocolError("the broker sent the method " + described(got) + " where " + std::string(expected) +
                        " was expected");
}

void Decoder::throw_short(std::string_view field) const {
    throw ProtocolError(std::string(what_) + " ends in the middle of its field " + std::string(field));
}

void Decoder::throw_longer() const {
    throw ProtocolError(std::string(what_) + " has " + std::to_string(rest_.size()) + " bytes behind its last field");
}

void Decoder::throw_deep(std::string_view field) const {
    throw ProtocolError(std::string(what_) + ": " + std::string(field) + " has more than " +
                        std::to_string(deepest_table) + " levels of tables and arrays");
}

void Decoder::throw_type(std::string_view field, unsigned char type) const {
    throw ProtocolError(std::string(what_) + ": " + std::string(field) + " has a value of the type " +
                        std::to_string(type) + ", which is not known");
}

Table Decoder::table(std::string_view field) {
    return read_table(field, 1);
}

Table Decoder::read_table(std::string_view field, int depth) {
    if (depth > deepest_table) {
        throw_deep(field);
    }
    Decoder in = nested(field);
    std::vector<Table::Entry> entries;
    while (!in.rest_.empty()) {
        const std::string_view name = in.short_string(field);
        entries.emplace_back(std::string(name), in.read_value(field, depth));
    }
    return Table(std::move(entries));
}

Array Decoder::read_array(std::string_view field, int depth) {
    if (depth > deepest_table) {
        throw_deep(field);
    }
    Decoder in = nested(field);
    Array array;
    while (!in.rest_.empty()) {
        array.push_back(in.read_value(field, depth));
    }
    return array;
}

template <class I>
Value Decoder::number(std::string_view field) {
    return Value::exactly(static_cast<I>(integer<std::make_unsigned_t<I>>(field)));
}

Value Decoder::read_value(std::string_view field, int depth) {
    const unsigned char type = byte(field);
    switch (type) {
    case 't':
        return byte(field) != 0;
    case 'b':
        return number<std::int8_t>(field);
    case 'B':
        return number<std::uint8_t>(field);
    case 's':
        return number<std::int16_t>(field);
    case 'u':
        return number<std::uint16_t>(field);
    case 'I':
        return number<std::int32_t>(field);
    case 'i':
        return number<std::uint32_t>(field);
    case 'l':
    case 'L':  // the same for RabbitMQ
        return number<std::int64_t>(field);
    case 'f':
        return Value::exactly(std::bit_cast<float>(integer<std::uint32_t>(field)));
    case 'd':
        return std::bit_cast<double>(integer<std::uint64_t>(field));
    case 'D': {
        const std::uint8_t scale = byte(field);
        return Decimal{scale, static_cast<std::int32_t>(integer<std::uint32_t>(field))};
    }
    case 'S':
        return long_string(field);
    case 'x':
        return ByteString{std::string(long_string(field))};
    case 'A':
        return read_array(field, depth + 1);
    case 'T':
        return Timestamp{integer<std::uint64_t>(field)};
    case 'F':
        return read_table(field, depth + 1);
    case 'V':
        return {};
    default:
        throw_type(field, type);
    }
}

}  // namespace tendril::amqp::detail
