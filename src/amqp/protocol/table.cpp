// SPDX-License-Identifier: MIT

#include <tendril/amqp/table.hpp>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>

namespace tendril::amqp {

namespace {

void check_name(std::string_view name) {
    if (name.size() > 255) {
        throw std::invalid_argument("a name in a table: " + std::to_string(name.size()) + " bytes; AMQP allows 255");
    }
}

void check_names(const std::vector<Table::Entry>& entries) {
    for (const auto& [name, value] : entries) {
        check_name(name);
    }
}

}  // namespace

void Value::refuse_integer() {
    throw std::invalid_argument("an integer over 2^63 - 1, which no field of a table can hold; send it as a text");
}

bool operator==(const Value& a, const Value& b) {
    return a.kind_ == b.kind_;
}

Table::Table() noexcept = default;
Table::Table(std::initializer_list<Entry> entries) : entries_(entries) {
    check_names(entries_);
}
Table::Table(std::vector<Entry> entries) : entries_(std::move(entries)) {
    check_names(entries_);
}
Table::Table(const Table&) = default;
Table::Table(Table&&) noexcept = default;
Table& Table::operator=(const Table&) = default;
Table& Table::operator=(Table&&) noexcept = default;
Table::~Table() = default;

void Table::set(std::string_view name, Value value) {
    const auto at = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& e) { return e.first == name; });
    if (at != entries_.end()) {
        at->second = std::move(value);
        return;
    }
    check_name(name);
    entries_.emplace_back(std::string(name), std::move(value));
}

bool Table::remove(std::string_view name) noexcept {
    return std::erase_if(entries_, [&](const Entry& e) { return e.first == name; }) > 0;
}

const Value* Table::find(std::string_view name) const noexcept {
    const auto at = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& e) { return e.first == name; });
    return at == entries_.end() ? nullptr : &at->second;
}

std::size_t Table::size() const noexcept {
    return entries_.size();
}
const Table::Entry* Table::begin() const noexcept {
    return entries_.data();
}
const Table::Entry* Table::end() const noexcept {
    return entries_.data() + entries_.size();
}

bool operator==(const Table& a, const Table& b) {
    return a.entries_ == b.entries_;
}

}  // namespace tendril::amqp
