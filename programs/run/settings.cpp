// SPDX-License-Identifier: MIT

#include "run/settings.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <exception>

namespace tendril::run {

namespace {

constexpr const char* variable = "TENDRIL_RUN";
constexpr const char* preload = "LD_PRELOAD";

std::string value_of(const char* name) {
    const char* const value = std::getenv(name);
    return value != nullptr ? value : "";
}

// Takes what stands before the next ';' off the text.
std::string_view next_field(std::string_view& text) {
    const std::size_t end = std::min(text.find(';'), text.size());
    const std::string_view field = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return field;
}

template <class T>
bool read_number(std::string_view text, T& number) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

bool passes_on(std::string_view name) noexcept {
    static constexpr std::array<std::string_view, 35> names{
        "sh",     "dash",    "bash",  "zsh",     "ksh",     "mksh",    "ash",     "fish",    "tcsh",
        "csh",    "busybox", "env",   "nice",    "ionice",  "nohup",   "setsid",  "taskset", "chrt",
        "stdbuf", "setpriv", "time",  "timeout", "prlimit", "unshare", "nsenter", "chroot",  "runuser",
        "su",     "sudo",    "xargs", "numactl", "strace",  "ltrace",  "gdb",     "tendril"};
    return std::find(names.begin(), names.end(), name) != names.end();
}

void put_into_environment(const Settings& settings, const std::string& library) {
    const std::string text = patch::to_string(settings.classes) + ';' + std::to_string(settings.watch_ms) + ';' +
                             (settings.children ? '1' : '0') + ';' + std::to_string(settings.process) + ';' +
                             settings.report;
    ::setenv(variable, text.c_str(), 1);
    const std::string others = value_of(preload);
    ::setenv(preload, (others.empty() ? library : library + ':' + others).c_str(), 1);
}

std::optional<Settings> from_environment() {
    const std::string text = value_of(variable);
    if (text.empty()) {
        return std::nullopt;
    }
    std::string_view rest = text;
    Settings settings;
    try {
        settings.classes = patch::parse_classes(next_field(rest));
    } catch (const std::exception&) {
        return std::nullopt;
    }
    unsigned children = 0;
    if (!read_number(next_field(rest), settings.watch_ms) || !read_number(next_field(rest), children) ||
        !read_number(next_field(rest), settings.process)) {
        return std::nullopt;
    }
    settings.children = children != 0;
    settings.report = rest;
    return settings;
}

void take_out_of_environment(const std::string& library) {
    ::unsetenv(variable);
    const std::string value = value_of(preload);
    std::string kept;
    for (std::string_view rest = value; !rest.empty();) {
        const std::size_t end = std::min(rest.find_first_of(": "), rest.size());
        if (const std::string_view one = rest.substr(0, end); !one.empty() && one != library) {
            kept += kept.empty() ? "" : ":";
            kept += one;
        }
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    if (kept.empty()) {
        ::unsetenv(preload);
    } else {
        ::setenv(preload, kept.c_str(), 1);
    }
}

}  // namespace tendril::run
