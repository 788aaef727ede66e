// SPDX-License-Identifier: MIT

#include "hub/inspect/process_figures.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

#include "base/on_exit.hpp"
#include "base/sys.hpp"
#include "base/sys_process.hpp"

namespace tendril::detail {

namespace {

std::string proc_file(const std::string& path, std::size_t most) {
    std::string text;
    const int fd = sys::open(path, O_RDONLY);
    if (fd < 0) {
        return text;
    }
    const OnExit closed([fd] { sys::close(fd); });
    std::array<char, 4096> piece;
    for (ssize_t n = 0; text.size() < most && (n = sys::read(fd, piece.data(), piece.size())) > 0;) {
        text.append(piece.data(), static_cast<std::size_t>(n));
    }
    text.resize(std::min(text.size(), most));
    return text;
}

std::uint64_t parse_count(std::string_view text) noexcept {
    std::uint64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

// Field `n` of /proc/self/stat, counted from 1, after the name, which may have blanks.
std::uint64_t stat_field(std::string_view stat, int n) {
    stat.remove_prefix(std::min(stat.rfind(')') + 2, stat.size()));
    for (int at = 3; at < n; ++at) {
        stat.remove_prefix(std::min(stat.find(' ') + 1, stat.size()));
    }
    return parse_count(stat.substr(0, stat.find(' ')));
}

std::size_t count_open() {
    const int folder = sys::open(std::string("/proc/self/fd"), O_RDONLY | O_DIRECTORY);
    if (folder < 0) {
        return 0;
    }
    std::size_t n = 0;
    sys::list_folder(
        folder,
        [](void* count, const char* name, bool) {
            *static_cast<std::size_t*>(count) += name[0] != '.' ? 1 : 0;
            return true;
        },
        &n);
    sys::close(folder);
    return n - std::min<std::size_t>(n, 1);  // without the folder itself
}

}  // namespace

ProcessFigures ProcessFigures::read() {
    ProcessFigures f;
    f.id = sys::process_id();
    f.command = proc_file("/proc/self/cmdline", 4096);
    while (!f.command.empty() && f.command.back() == '\0') {
        f.command.pop_back();
    }
    std::ranges::replace(f.command, '\0', ' ');
    const std::string stat = proc_file("/proc/self/stat", 4096);
    if (const unsigned ticks = sys::ticks_per_second(); ticks != 0 && !stat.empty()) {
        const auto per_second = static_cast<double>(ticks);
        f.cpu_seconds = static_cast<double>(stat_field(stat, 14) + stat_field(stat, 15)) / per_second;
        f.uptime =
            static_cast<double>(sys::since_boot()) * 1e-9 - static_cast<double>(stat_field(stat, 22)) / per_second;
        f.started_at = static_cast<double>(sys::wall_clock()) * 1e-9 - f.uptime;
        f.threads = stat_field(stat, 20);
        f.virtual_bytes = stat_field(stat, 23);
        f.resident_bytes = stat_field(stat, 24) * sys::page_size();
    }
    f.open_descriptors = count_open();
    f.most_descriptors = sys::most_descriptors();
    return f;
}

}  // namespace tendril::detail
