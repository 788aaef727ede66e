// SPDX-License-Identifier: MIT
// Floor: amqp
//
// Value and Table: the headers of messages and the arguments of declarations (AMQP 0-9-1, 4.2.5.5, in the form that
// RabbitMQ gave it).
//
//     Table arguments{{"x-queue-type", "quorum"}, {"x-delivery-limit", 5}};
//     std::int64_t limit = arguments.get<std::int64_t>("x-delivery-limit").value_or(20);
//
// A Value keeps the type that it came with, so that it goes back as it came; numbers are read as any number type that
// they fit. Pure; any thread.

#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace tendril::amqp {

class Value;
using Array = std::vector<Value>;  // A list of values, which may be of different types

// Seconds since 1970, as AMQP has them.
struct Timestamp {
    std::uint64_t seconds = 0;  // since 1970
    friend bool operator==(const Timestamp&, const Timestamp&) = default;
};

// value / 10^scale
struct Decimal {
    std::uint8_t scale = 0;  // how many digits of the value are behind the point
    std::int32_t value = 0;  // all its digits
    friend bool operator==(const Decimal&, const Decimal&) = default;
};

// Bytes that are no text: the type "x".
struct ByteString {
    std::string bytes;  // any bytes
    friend bool operator==(const ByteString&, const ByteString&) = default;
};

// Names with Values, in their order. A name may be 255 bytes long.
class Table {
public:
    using Entry = std::pair<std::string, Value>;  // A name and its value

    Table() noexcept;
    // As they are, in their order. Throw: std::invalid_argument for a name over 255 bytes.
    Table(std::initializer_list<Entry> entries);
    explicit Table(std::vector<Entry> entries);
    Table(const Table&);
    Table(Table&&) noexcept;
    Table& operator=(const Table&);
    Table& operator=(Table&&) noexcept;
    ~Table();

    // Sets or replaces. Throws: std::invalid_argument for a name over 255 bytes.
    void set(std::string_view name, Value value);
    bool remove(std::string_view name) noexcept;  // returns: whether there was one

    // Returns: nullptr for none; the first of that name.
    const Value* find(std::string_view name) const noexcept;

    // The value as a T: a bool, any integer or floating-point type that it fits, std::string, Timestamp, Decimal,
    // Array, Table. Returns: nothing when there is none, or when it is of another kind or does not fit.
    template <class T>
    std::optional<T> get(std::string_view name) const;

    bool empty() const noexcept { return size() == 0; }
    std::size_t size() const noexcept;
    const Entry* begin() const noexcept;
    const Entry* end() const noexcept;

    friend bool operator==(const Table&, const Table&);

private:
    std::vector<Entry> entries_;
};

// A value of any of AMQP's types.
class Value {
public:
    // All of AMQP's types; monostate: no value.
    using Kind = std::variant<std::monostate, bool, std::int8_t, std::uint8_t, std::int16_t, std::uint16_t,
                              std::int32_t, std::uint32_t, std::int64_t, float, double, Decimal, std::string,
                              ByteString, Array, Timestamp, Table>;

    Value() noexcept = default;  // null
    // Each of these types becomes a Value by itself.
    Value(bool b) noexcept : kind_(b) {}
    // int and shorter: 32 bits on the wire; else 64. Throws: std::invalid_argument for what 64 bits with a sign cannot
    // hold. exactly() keeps narrower types.
    template <std::integral I>
    requires(!std::same_as<I, bool>) Value(I n) : kind_(of_integer(n)) {}
    // The others as they are.
    Value(double d) noexcept : kind_(d) {}
    Value(const char* text) : kind_(std::string(text)) {}
    Value(std::string_view text) : kind_(std::string(text)) {}
    Value(std::string text) noexcept : kind_(std::move(text)) {}
    Value(ByteString bytes) noexcept : kind_(std::move(bytes)) {}
    Value(Decimal decimal) noexcept : kind_(decimal) {}
    Value(Timestamp time) noexcept : kind_(time) {}
    Value(Array array) noexcept : kind_(std::move(array)) {}
    Value(Table table) noexcept : kind_(std::move(table)) {}

    // As this very type: Value::exactly(std::uint8_t{7})
    template <class T>
    static Value exactly(T value) {
        Value made;
        made.kind_ = std::move(value);
        return made;
    }

    const Kind& kind() const noexcept { return kind_; }  // the value, as a variant to be visited
    // Whether it is "no value".
    bool is_null() const noexcept { return std::holds_alternative<std::monostate>(kind_); }
    // As Table::get().
    template <class T>
    std::optional<T> as() const;  // as Table::get()

    friend bool operator==(const Value&, const Value&);

private:
    template <std::integral I>
    static Kind of_integer(I n) {
        if constexpr (sizeof(I) < sizeof(std::int32_t) || std::same_as<I, std::int32_t>) {
            return static_cast<std::int32_t>(n);
        } else {
            if (std::cmp_greater(n, INT64_MAX)) {
                refuse_integer();
            }
            return static_cast<std::int64_t>(n);
        }
    }
    [[noreturn]] static void refuse_integer();

    Kind kind_;
};

template <class T>
std::optional<T> Value::as() const {
    return std::visit(
        []<class K>(const K& held) -> std::optional<T> {
            constexpr bool has_bool = std::same_as<K, bool> || std::same_as<T, bool>;
            if constexpr (std::same_as<K, T>) {
                return held;
            } else if constexpr (std::integral<K> && std::integral<T> && !has_bool) {
                return std::in_range<T>(held) ? std::optional<T>(static_cast<T>(held)) : std::nullopt;
            } else if constexpr ((std::integral<K> || std::floating_point<K>)&&std::floating_point<T> && !has_bool) {
                return static_cast<T>(held);
            } else if constexpr (std::same_as<K, ByteString> && std::same_as<T, std::string>) {
                return held.bytes;
            } else {
                return std::nullopt;
            }
        },
        kind_);
}

template <class T>
std::optional<T> Table::get(std::string_view name) const {
    const Value* value = find(name);
    return value == nullptr ? std::nullopt : value->as<T>();
}

}  // namespace tendril::amqp
