// SPDX-License-Identifier: MIT

#include <tendril/socket_options.hpp>

#include <limits>
#include <stdexcept>

#include "net/transfer.hpp"

namespace tendril::detail {

namespace {

constexpr const char* object = "a socket";

}  // namespace

void set_number_option(const Handle& handle, int level, int number, const char* name, int value) {
    if (const int r = sys::set_option(handle.use(object).fd, level, number, value); r < 0) {
        fail(r, std::string("set option ") + name);
    }
}

int get_number_option(const Handle& handle, int level, int number, const char* name) {
    int value = 0;
    if (const int r = sys::get_option(handle.use(object).fd, level, number, value); r < 0) {
        fail(r, std::string("get option ") + name);
    }
    return value;
}

void set_socket_option(const Handle& handle, const LingerOption&, const LingerOption::Value& value) {
    const int seconds = value.has_value() ? number_of_time(value->count(), "linger") : 0;
    if (const int r = sys::set_linger(handle.use(object).fd, value.has_value(), seconds); r < 0) {
        fail(r, "set option linger");
    }
}

LingerOption::Value get_socket_option(const Handle& handle, const LingerOption&) {
    bool on = false;
    int seconds = 0;
    if (const int r = sys::get_linger(handle.use(object).fd, on, seconds); r < 0) {
        fail(r, "get option linger");
    }
    return on ? LingerOption::Value(std::chrono::seconds(seconds)) : std::nullopt;
}

void refuse_number(const std::string& number, const char* name) {
    throw std::invalid_argument(std::string("option ") + name + ": " + number + " is out of range");
}

int number_of_time(long long count, const char* name) {
    if (count < 0 || count > std::numeric_limits<int>::max()) {
        refuse_number(std::to_string(count), name);
    }
    return static_cast<int>(count);
}

}  // namespace tendril::detail
