// SPDX-License-Identifier: MIT

#include "display.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "pages.hpp"

namespace demo {

namespace {

std::string format(const char* pattern, double number) {
    char text[80];
    std::snprintf(text, sizeof text, pattern, number);
    return text;
}

std::string times(const Percentiles& p) {
    return p.p99 > 0 ? format("%.2f", p.p50) + format(" / %.2f ms", p.p99) : "none";
}

void row(const char* label, const std::string& value, const std::string& note) {
    const char* const gap = note.empty() ? "" : "   ";
    std::printf("  %-20s  %18s%s%s\n", label, value.c_str(), gap, note.c_str());
}

}  // namespace

std::string grouped(std::uint64_t number) {
    std::string text = std::to_string(number);
    for (std::size_t at = text.size(); at > 3;) {
        at -= 3;
        text.insert(at, ",");
    }
    return text;
}

Progress::Progress(const char* label, std::uint64_t total)
    : label_(label), total_(total), terminal_(isatty(STDOUT_FILENO) == 1) {}

void Progress::show(std::uint64_t done) {
    if (next_ > total_ || done < next_) {
        return;
    }
    if (terminal_) {
        draw(done);
        next_ = done < total_ ? done + 1 : total_ + 1;
        return;
    }
    const std::uint64_t tenths = done * 10 / total_;
    if (tenths > 0) {
        std::printf("%-8s %3s %%  %s of %s\n", label_, grouped(tenths * 10).c_str(), grouped(done).c_str(),
                    grouped(total_).c_str());
        std::fflush(stdout);
    }
    next_ = (total_ * (tenths + 1) + 9) / 10;
}

void Progress::draw(std::uint64_t done) const {
    constexpr std::size_t width = 40;
    const std::size_t filled = done * width / total_;
    const std::string bar = std::string(filled, '#') + std::string(width - filled, '-');
    std::printf("\r%-8s [%s] %s of %s%s", label_, bar.c_str(), grouped(done).c_str(), grouped(total_).c_str(),
                done < total_ ? "" : "\n");
    std::fflush(stdout);
}

void print_table(const Plan& plan, const Tally& tally, const Footprint& footprint) {
    const double rate = static_cast<double>(tally.requests) / std::max(tally.seconds_to_fetch, 1e-9);
    const auto delay = static_cast<double>(slow_page_delay.count());

    std::printf("\n");
    row("connections held", grouped(tally.held),
        format("at once; opened, and greeted, in %.2f s", tally.seconds_to_open));
    row("requests", grouped(tally.requests), "by " + grouped(plan.in_flight) + " green threads in flight");
    row("errors", grouped(tally.errors), tally.first_error);
    row("requests/s", grouped(static_cast<std::uint64_t>(rate)), "client and server together");
    row("latency p50 / p99", times(tally.prompt), "immediate answers");
    row("", times(tally.slow), format("answers that sleep for %.0f ms first", delay));
    row("RSS per green thread", format("%.1f KiB", footprint.kib_each()),
        "what this process grew by / " + grouped(footprint.greenlets()) + " green threads");
}

}  // namespace demo
