// SPDX-License-Identifier: MIT

#include "base/report.hpp"

#include <cxxabi.h>

#include <cstdio>
#include <typeinfo>

#include <tendril/error.hpp>

#include "base/escape.hpp"
#include "base/symbol.hpp"

namespace tendril::detail {

namespace {

std::string readable(const std::type_info& type) {
    return demangled(type.name());
}

}  // namespace

std::string describe(const std::exception_ptr& error) {
    try {
        std::rethrow_exception(error);
    } catch (const std::exception& e) {
        return readable(typeid(e)) + ": " + e.what();
    } catch (const Interrupt& e) {
        return readable(typeid(e)) + ": " + e.what();
    } catch (...) {
        const std::type_info* type = abi::__cxa_current_exception_type();
        return type != nullptr ? "an exception of type " + readable(*type) : "a foreign exception";
    }
}

void report(std::string_view text) noexcept {
    // Names and what() may contain anything: the report must stay one line, and must not control a terminal.
    if (!is_plain(text)) {
        try {
            std::fprintf(stderr, "tendril: %s\n", visible(std::string(text)).c_str());
        } catch (...) {
            std::fputs("tendril: an error whose text cannot be shown\n", stderr);
        }
        return;
    }
    std::fprintf(stderr, "tendril: %.*s\n", static_cast<int>(text.size()), text.data());
}

void report(std::string_view where, const std::exception_ptr& error) noexcept {
    try {
        report(std::string(where) + ": " + describe(error));
    } catch (...) {
        report(where);
    }
}

}  // namespace tendril::detail
