// SPDX-License-Identifier: MIT
// Floor: http
//
// Headers: the fields of an HTTP message, in their order, several of one name included. Names are compared without
// regard to case, and nothing else is folded: "X_Id" is not "X-Id".
//
// What was received is read in place; the first change, and every copy, makes it the object's own.

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
    struct Field {
        std::string_view name;
        std::string_view value;
        friend bool operator==(const Field&, const Field&) = default;
    };
    class Iterator;

    Headers() = default;
    Headers(std::initializer_list<Field> fields);  // throws as add()
    Headers(const Headers& other);
    Headers(Headers&&) noexcept = default;
    Headers& operator=(const Headers& other);
    Headers& operator=(Headers&&) noexcept = default;

    // The value of the first of that name; "" when there is none. Good until the next change.
    std::string_view get(std::string_view name) const noexcept;
    bool contains(std::string_view name) const noexcept;
    std::size_t count(std::string_view name) const noexcept;

    // All values of that name: as they came, or joined by ", " as one list (not for Set-Cookie).
    std::vector<std::string_view> values(std::string_view name) const;
    std::string joined(std::string_view name) const;

    // Is this token in a comma-separated list, of any case, as in Connection? RFC 9110, 5.6.1.
    bool lists(std::string_view name, std::string_view token) const noexcept;

    // Adds one more, or replaces all of that name. Blanks around the value are left out.
    // Throws: std::invalid_argument for a name that is no token, or a value with a control character: nothing that is
    // put in can end a line.
    void add(std::string_view name, std::string_view value);
    void set(std::string_view name, std::string_view value);
    std::size_t remove(std::string_view name) noexcept;  // returns how many there were
    void clear() noexcept;

    std::size_t size() const noexcept { return entries_.size(); }
    bool empty() const noexcept { return entries_.empty(); }
    Iterator begin() const noexcept;
    Iterator end() const noexcept;

private:
    friend struct detail::HeadersAccess;

    // Offsets from text().
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
    const char* received_ = nullptr;  // somebody else's text, which outlives the use; nullptr: own_
};

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
