// SPDX-License-Identifier: MIT

#include <tendril/http/headers.hpp>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "http/message/chars.hpp"

namespace tendril::http {

Headers::Headers(std::initializer_list<Field> fields) {
    for (const Field& each : fields) {
        add(each.name, each.value);
    }
}

Headers::Headers(const Headers& other) : entries_(other.entries_), own_(other.own_), received_(other.received_) {
    make_own();
}

Headers& Headers::operator=(const Headers& other) {
    if (this != &other) {
        Headers copy(other);
        *this = std::move(copy);
    }
    return *this;
}

const Headers::Entry* Headers::find(std::string_view name) const noexcept {
    for (const Entry& each : entries_) {
        if (each.name_size == name.size() && detail::same_ignoring_case({text() + each.name, each.name_size}, name)) {
            return &each;
        }
    }
    return nullptr;
}

std::string_view Headers::get(std::string_view name) const noexcept {
    const Entry* found = find(name);
    return found != nullptr ? field(*found).value : std::string_view();
}

bool Headers::contains(std::string_view name) const noexcept {
    return find(name) != nullptr;
}

std::size_t Headers::count(std::string_view name) const noexcept {
    std::size_t n = 0;
    for (const Field each : *this) {
        n += detail::same_ignoring_case(each.name, name) ? 1 : 0;
    }
    return n;
}

std::vector<std::string_view> Headers::values(std::string_view name) const {
    std::vector<std::string_view> found;
    for (const Field each : *this) {
        if (detail::same_ignoring_case(each.name, name)) {
            found.push_back(each.value);
        }
    }
    return found;
}

std::string Headers::joined(std::string_view name) const {
    std::string all;
    for (const std::string_view each : values(name)) {
        all.append(all.empty() ? "" : ", ").append(each);
    }
    return all;
}

bool Headers::lists(std::string_view name, std::string_view token) const noexcept {
    for (const Field each : *this) {
        if (!detail::same_ignoring_case(each.name, name)) {
            continue;
        }
        std::string_view rest = each.value;
        for (std::string_view element; detail::next_in_list(rest, element);) {
            if (detail::same_ignoring_case(element, token)) {
                return true;
            }
        }
    }
    return false;
}

void Headers::add(std::string_view name, std::string_view value) {
    if (!detail::is_token(name)) {
        throw std::invalid_argument(name.empty() ? "a header without a name"
                                                 : "a header's name holds a character that is not allowed");
    }
    value = detail::trimmed(value);
    if (!detail::is_field_text(value)) {
        throw std::invalid_argument("the value of header " + std::string(name) +
                                    " holds a control character (a line's end?)");
    }
    std::string both;  // copied first: name or value may be a part of own_
    both.reserve(name.size() + value.size());
    both.append(name).append(value);
    make_own();
    const std::size_t at = own_.size();
    if (at + both.size() > UINT32_MAX) {
        throw std::length_error("headers of more than 4 GiB");
    }
    entries_.reserve(entries_.size() + 1);
    own_ += both;
    entries_.push_back({static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(at + name.size()),
                        static_cast<std::uint32_t>(name.size()), static_cast<std::uint32_t>(value.size())});
}

void Headers::set(std::string_view name, std::string_view value) {
    const Entry* old = find(name);
    if (old == nullptr) {
        add(name, value);
        return;
    }
    // The new entry replaces the first one. add() checks, and may throw, before anything is removed.
    const std::size_t place = static_cast<std::size_t>(old - entries_.data());
    const std::string kept(name);
    add(kept, value);
    const Entry added = entries_.back();
    entries_.pop_back();
    entries_[place] = added;
    const auto rest = std::remove_if(entries_.begin() + static_cast<std::ptrdiff_t>(place) + 1, entries_.end(),
                                     [&](const Entry& e) { return detail::same_ignoring_case(field(e).name, kept); });
    entries_.erase(rest, entries_.end());
}

std::size_t Headers::remove(std::string_view name) noexcept {
    // `name` may be a part of our text, which does not change.
    return std::erase_if(entries_, [&](const Entry& e) { return detail::same_ignoring_case(field(e).name, name); });
}

void Headers::clear() noexcept {
    entries_.clear();
    own_.clear();
    received_ = nullptr;
}

void Headers::make_own() {
    if (received_ == nullptr) {
        return;
    }
    std::string text;
    std::vector<Entry> entries;
    entries.reserve(entries_.size());
    for (const Entry& each : entries_) {
        const Field f = field(each);
        entries.push_back({static_cast<std::uint32_t>(text.size()),
                           static_cast<std::uint32_t>(text.size() + f.name.size()), each.name_size, each.value_size});
        text.append(f.name).append(f.value);
    }
    own_ = std::move(text);
    entries_ = std::move(entries);
    received_ = nullptr;
}

}  // namespace tendril::http
