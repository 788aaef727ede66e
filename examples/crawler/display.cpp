// SPDX-License-Identifier: MIT

#include "display.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <string>

namespace crawler {

using namespace std::chrono_literals;

Display::Display() : terminal_(isatty(STDERR_FILENO) == 1) {}

void Display::show(const Progress& progress) {
    latest_ = progress;
    const auto now = std::chrono::steady_clock::now();
    if (terminal_ && (now - drawn_ > 50ms || progress.done == progress.found)) {
        drawn_ = now;
        draw();
    }
}

void Display::draw() const {
    constexpr std::size_t width = 40;
    const std::size_t filled = latest_.done * width / std::max<std::size_t>(latest_.found, 1);
    const std::string bar = std::string(filled, '#') + std::string(width - filled, '-');
    std::fprintf(stderr, "\r[%s] %zu of %zu pages, %zu errors ", bar.c_str(), latest_.done, latest_.found,
                 latest_.errors);
    std::fflush(stderr);
}

void Display::end(bool interrupted) {
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
    std::fprintf(stderr, "%s%s%zu pages in %.1f s, %zu errors, %zu excluded by robots.txt\n", terminal_ ? "\n" : "",
                 interrupted ? "interrupted: " : "", latest_.done, seconds, latest_.errors, latest_.excluded);
}

}  // namespace crawler
