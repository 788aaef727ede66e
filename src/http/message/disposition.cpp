// SPDX-License-Identifier: MIT

#include "http/message/disposition.hpp"

#include <algorithm>
#include <cstddef>

#include <tendril/http/form.hpp>
#include <tendril/http/message.hpp>

#include "http/message/chars.hpp"
#include "http/message/parameters.hpp"

namespace tendril::http::detail {

namespace {

constexpr std::size_t longest_filename = 200;  // bytes; leaves room for a suffix in the 255 that file systems allow

[[noreturn]] void malformed() {
    throw ProtocolError(Fault::malformed, 400, "a part of a form without a valid Content-Disposition");
}

// Browsers encode these three characters in names, and nothing else, not even "%".
std::string decode_name(std::string_view text) {
    std::string name;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const std::string_view three = text.substr(i, 3);
        const char meant = three == "%22" ? '"' : three == "%0D" ? '\r' : three == "%0A" ? '\n' : '\0';
        name.push_back(meant != '\0' ? meant : text[i]);
        i += meant != '\0' ? 2 : 0;
    }
    return name;
}

// Cuts the text, but never inside a UTF-8 character.
void cut(std::string& text, std::size_t most) {
    if (text.size() > most) {
        while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xc0U) == 0x80) {
            --most;
        }
        text.resize(most);
    }
}

}  // namespace

std::string harmless_filename(std::string_view sent) {
    std::string name;
    try {
        name = percent_decode(sent);
    } catch (const ProtocolError&) {  // the "%" stands for itself
        name = sent;
    }
    name.erase(0, name.find_last_of("/\\") + 1);
    std::erase_if(name, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
    name.erase(0, std::min(name.find_first_not_of(". "), name.size()));
    cut(name, longest_filename);
    return name;
}

Disposition parse_disposition(std::string_view text) {
    const std::size_t end = std::min(text.find(';'), text.size());
    if (!same_ignoring_case(trimmed(text.substr(0, end)), "form-data")) {
        malformed();
    }
    std::string_view rest = text.substr(end);
    std::optional<std::string> name;
    std::optional<std::string> filename;
    std::string parameter;
    std::string value;
    Found found{};
    while ((found = next_parameter(rest, parameter, value, Backslash::quote)) == Found::one) {
        std::optional<std::string>* const wanted = parameter == "name"       ? &name
                                                   : parameter == "filename" ? &filename
                                                                             : nullptr;
        if (wanted == nullptr) {
            continue;
        }
        if (wanted->has_value()) {
            malformed();
        }
        *wanted = wanted == &name ? decode_name(value) : harmless_filename(value);
    }
    if (found == Found::malformed || !name.has_value()) {
        malformed();
    }
    return {*std::move(name), std::move(filename)};
}

}  // namespace tendril::http::detail
