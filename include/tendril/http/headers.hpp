// SPDX-License-Identifier: MIT
// Floor: http
//
// Headers: the fields of an HTTP message, in order. A name may come several times. Names are compared without regard to
// case, and nothing else is folded: "X_Id" is not "X-Id".
//
//     Headers headers{{"Content-Type", "text/plain"}, {"Vary", "Accept"}};
//     headers.set("Content-Type", "text/html");                                     replaces
//     headers.add("Vary", "Cookie");                                                one more of the same name
//     for (const Headers::Field& field : headers) print(field.name, field.value);   views, in order
//
// Received fields are views of the received text. The first change copies them, and so does every copy of the object.
// Views that these functions return are valid until the next change. Pure; one OS thread at a time.

#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace tendril::http {

namespace detail {
struct HeadersAccess;
}

class Headers {
public:
    // A header field, as it came or is to be sent.
    struct Field {
        std::string_view name;   // as it was sent or added, in any case
        std::string_view value;  // without blanks around it
        friend bool operator==(const Field&, const Field&) = default;
    };
    class Iterator;

    Headers() = default;
    Headers(std::initializer_list<Field> fields);  // throws as add()
    Headers(const Headers& other);
    Headers(Headers&&) noexcept = default;
    Headers& operator=(const Headers& other);
    Headers& operator=(Headers&&) noexcept = default;

    // Returns: the value of the first field of that name; "" if there is none.
    std::string_view get(std::string_view name) const noexcept;
    // Returns: whether there is a field of that name.
    bool contains(std::string_view name) const noexcept;
    std::size_t count(std::string_view name) const noexcept;  // how many fields have that name

    // Returns: all values of that name, in order.
    std::vector<std::string_view> values(std::string_view name) const;
    // Returns: the same joined by ", ", as one list. Not for Set-Cookie, whose values have commas.
    std::string joined(std::string_view name) const;

    // Returns: whether this token, in any case, is in the comma-separated list that the fields of that name are, as in
    // Connection. RFC 9110, 5.6.1.
    bool lists(std::string_view name, std::string_view token) const noexcept;

    // Appends a field. Blanks around the value are dropped. The arguments may be views of this object.
    // Throws: std::invalid_argument for a name that is not a token, or a value with a control character, so no field
    // can end a line; nothing has changed then.
    void add(std::string_view name, std::string_view value);
    // Replaces all fields of that name by one, at the place of the first, or appends it. Throws: as add().
    void set(std::string_view name, std::string_view value);
    // Removes all fields of that name. Returns: how many there were.
    std::size_t remove(std::string_view name) noexcept;
    void clear() noexcept;  // removes all fields

    std::size_t size() const noexcept { return entries_.size(); }
    bool empty() const noexcept { return entries_.empty(); }
    Iterator begin() const noexcept;
    Iterator end() const noexcept;

private:
    friend struct detail::HeadersAccess;

    // A field, by offsets from text().
    struct Entry {
        std::uint32_t name;
        std::uint32_t value;
        std::uint32_t name_size;
        std::uint32_t value_size;
    };

    const char* text() const noexcept { return received_ != nullptr ? received_ : own_.data(); }
    Field field(const Entry& e) const noexcept {
        return {{text() + e.name, e.name_size}, {text() + e.value, e.value_size}};
    }
    const Entry* find(std::string_view name) const noexcept;
    void make_own();

    std::vector<Entry> entries_;
    std::string own_;
    const char* received_ = nullptr;  // the text of a received message, whose owner keeps it alive; nullptr: own_
};

// Goes over the fields in order; *it is a Field of views. Any change of the Headers invalidates it.
class Headers::Iterator {
public:
    using value_type = Field;
    using difference_type = std::ptrdiff_t;
    using iterator_category = std::input_iterator_tag;
    using iterator_concept = std::forward_iterator_tag;

    Iterator() = default;
    Iterator(const Headers& headers, std::size_t at) noexcept : headers_(&headers), at_(at) {}
    Field operator*() const noexcept { return headers_->field(headers_->entries_[at_]); }
    Iterator& operator++() noexcept {
        ++at_;
        return *this;
    }
    Iterator operator++(int) noexcept {
        Iterator before = *this;
        ++at_;
        return before;
    }
    friend bool operator==(const Iterator&, const Iterator&) = default;

private:
    const Headers* headers_ = nullptr;
    std::size_t at_ = 0;
};

inline Headers::Iterator Headers::begin() const noexcept {
    return {*this, 0};
}
inline Headers::Iterator Headers::end() const noexcept {
    return {*this, entries_.size()};
}

}  // namespace tendril::http
