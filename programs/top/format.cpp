// SPDX-License-Identifier: MIT

#include "top/format.hpp"

#include <cmath>
#include <cstdio>

#include "base/escape.hpp"

namespace tendril::top {

namespace {

std::string printed(const char* pattern, double number, const char* unit) {
    char text[64];
    std::snprintf(text, sizeof text, pattern, number);
    return std::string(text) + unit;
}

bool begins_character(char c) noexcept {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
}

}  // namespace

std::string grouped(double number) {
    std::string text = std::to_string(static_cast<long long>(std::llround(std::isfinite(number) ? number : 0)));
    for (std::size_t at = text.size(); at > 3;) {
        at -= 3;
        if (text[at - 1] != '-') {
            text.insert(at, ",");
        }
    }
    return text;
}

std::string time_text(double seconds) {
    struct Unit {
        double below, factor;
        const char* name;
    };
    static constexpr Unit units[] = {{1e-6, 1e9, " ns"}, {1e-3, 1e6, " \xC2\xB5s"}, {1, 1e3, " ms"}, {60, 1, " s"}};
    for (const Unit& unit : units) {
        if (const double number = seconds * unit.factor; seconds < unit.below) {
            return printed(number < 10 && unit.factor < 1e9 ? "%.1f" : "%.0f", number, unit.name);
        }
    }
    const auto whole = static_cast<long long>(seconds);
    char text[64];
    if (whole < 3600) {
        std::snprintf(text, sizeof text, "%lld:%02lld", whole / 60, whole % 60);
    } else if (whole < 86400) {
        std::snprintf(text, sizeof text, "%lld:%02lld:%02lld", whole / 3600, whole / 60 % 60, whole % 60);
    } else {
        std::snprintf(text, sizeof text, "%lld d %lld h", whole / 86400, whole / 3600 % 24);
    }
    return text;
}

std::string bytes_text(double bytes) {
    static constexpr const char* units[] = {" B", " KiB", " MiB", " GiB", " TiB"};
    std::size_t unit = 0;
    for (; bytes >= 1024 && unit + 1 < std::size(units); ++unit) {
        bytes /= 1024;
    }
    return printed(unit == 0 || bytes >= 100 ? "%.0f" : "%.1f", bytes, units[unit]);
}

std::string place_text(std::string_view file, double line) {
    return file.empty() ? ""
                        : std::string(file.substr(file.rfind('/') + 1)) + ':' + std::to_string(static_cast<long>(line));
}

std::string plain(std::string text) {
    return detail::visible(std::move(text));
}

std::string fitted(std::string_view text, std::size_t width, bool right) {
    std::string out;
    std::size_t characters = 0;
    for (const char c : text) {
        if (begins_character(c) && ++characters > width) {
            break;
        }
        out += c;
    }
    const std::string blanks(width - std::min(characters, width), ' ');
    return right ? blanks + out : out + blanks;
}

}  // namespace tendril::top
