// SPDX-License-Identifier: MIT

#include <tendril/http/form.hpp>

#include <algorithm>

#include "http/message/chars.hpp"

namespace tendril::http {

namespace {

bool stays(char c, PercentSet keep) noexcept {
    if (detail::is_alpha(c) || detail::is_digit(c)) {
        return true;
    }
    const auto one_of = [c](std::string_view set) { return set.find(c) != std::string_view::npos; };
    switch (keep) {
    case PercentSet::component:
        return one_of("-._~");
    case PercentSet::path:
        return one_of("-._~!$&'()*+,;=:@/");
    case PercentSet::query:
        return one_of("-._~!$&'()*+,;=:@/?");
    case PercentSet::form:
        return one_of("*-._");
    }
    return false;
}

}  // namespace

std::string percent_decode(std::string_view text, bool plus_is_blank, BadPercent bad) {
    std::string decoded;
    decoded.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%') {
            const int high = i + 1 < text.size() ? detail::hex_value(text[i + 1]) : -1;
            const int low = i + 2 < text.size() ? detail::hex_value(text[i + 2]) : -1;
            if (high < 0 || low < 0) {
                if (bad == BadPercent::kept) {
                    decoded.push_back('%');
                    continue;
                }
                throw ProtocolError(Fault::malformed, 400, "a % that is not followed by two hexadecimal digits");
            }
            decoded.push_back(static_cast<char>(high * 16 + low));
            i += 2;
        } else {
            decoded.push_back(plus_is_blank && text[i] == '+' ? ' ' : text[i]);
        }
    }
    return decoded;
}

std::string percent_encode(std::string_view text, PercentSet keep) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string encoded;
    encoded.reserve(text.size());
    for (const char c : text) {
        const auto u = static_cast<unsigned char>(c);
        if (stays(c, keep)) {
            encoded.push_back(c);
        } else if (c == ' ' && keep == PercentSet::form) {
            encoded.push_back('+');
        } else {
            encoded.append({'%', digits[u >> 4U], digits[u & 15U]});
        }
    }
    return encoded;
}

Form Form::parse(std::string_view text, const FormLimits& limits) {
    Form form;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('&'), text.size());
        const std::string_view field = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (field.empty()) {
            continue;
        }
        if (form.size() == limits.max_fields) {
            throw ProtocolError(Fault::too_large, 413, "a form or query has too many fields");
        }
        const std::size_t equals = std::min(field.find('='), field.size());
        form.add(percent_decode(field.substr(0, equals), true, BadPercent::kept),
                 percent_decode(field.substr(std::min(equals + 1, field.size())), true, BadPercent::kept));
    }
    return form;
}

const Form::Field* Form::find(std::string_view name) const noexcept {
    const auto found = std::find_if(fields_.begin(), fields_.end(), [&](const Field& f) { return f.name == name; });
    return found != fields_.end() ? &*found : nullptr;
}

std::string_view Form::get(std::string_view name) const noexcept {
    const Field* found = find(name);
    return found != nullptr ? std::string_view(found->value) : std::string_view();
}

std::vector<std::string_view> Form::values(std::string_view name) const {
    std::vector<std::string_view> found;
    for (const Field& each : fields_) {
        if (each.name == name) {
            found.emplace_back(each.value);
        }
    }
    return found;
}

std::string Form::to_string() const {
    std::string text;
    for (const Field& each : fields_) {
        text.append(text.empty() ? "" : "&").append(percent_encode(each.name, PercentSet::form));
        text.append("=").append(percent_encode(each.value, PercentSet::form));
    }
    return text;
}

}  // namespace tendril::http
