// SPDX-License-Identifier: MIT

#include "base/timed_out.hpp"

#include <cstdio>

namespace tendril::detail {

std::string short_duration(std::int64_t ns) {
    if (ns == 0) {
        return "0 s";
    }
    constexpr double next_unit = 999.5;  // which three digits round up to 1000
    auto value = static_cast<double>(ns) / 1e3;
    const char* unit = "us";
    if (value >= next_unit) {
        value /= 1e3;
        unit = "ms";
    }
    if (value >= next_unit) {
        value /= 1e3;
        unit = "s";
    }
    char text[48];
    std::snprintf(text, sizeof text, value >= next_unit ? "%.0f %s" : "%.3g %s", value, unit);
    return text;
}

std::string timeout_text_of(std::string doing, const TimedOut& how) {
    std::string text = std::move(doing);
    text += ": timed out";
    if (how.done > 0) {
        text += ", " + std::to_string(how.done);
        if (how.whole > 0) {
            text += " of " + std::to_string(how.whole);
        }
        text += std::string(" ") + how.unit + " done";
    }
    if (how.waited_ns >= 0) {
        text += (how.done > 0 ? ", then nothing for " : " after ") + short_duration(how.waited_ns);
    }
    return text;
}

void time_out(TimedOut how, const char* doing) {
    time_out(how, [doing] { return std::string(doing); });
}

}  // namespace tendril::detail
