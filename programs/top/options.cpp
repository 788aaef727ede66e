// SPDX-License-Identifier: MIT

#include "top/options.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

namespace tendril::top {

extern const char* const usage;
const char* const usage =
    R"(usage: tendril top [options] PID|URL

Shows the hubs and green threads of a process that runs: what they wait for, since when, where they were spawned, how
long they keep others from running; with the backtrace of each. PID is a process of yours that has TENDRIL_INSPECT=1 in
its environment; URL is where an HTTP server has mounted http::InspectPages.

  --list           print the processes that can be shown, and end
  --once           print one page as text, and end
  --interval=S     ask every S seconds (1); at least 0.1
  --sort=ORDER     waited (the default), id, name, stack or call
  --reverse        in the reverse order
  --filter=TEXT    only green threads with this text in their name, call, place, state or id
  --help           print this

Keys: h shows them all.

The exit status is 0, or 125 if the process cannot be shown.
)";

namespace {

constexpr std::array<std::string_view, 5> known_orders{"waited", "id", "name", "stack", "call"};

std::chrono::milliseconds interval_of(const std::string& text) {
    double seconds = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (error != std::errc() || end != text.data() + text.size() || !(seconds >= 0.1 && seconds <= 3600)) {
        throw UsageError("--interval: " + text + " is not a number of seconds from 0.1 to 3600");
    }
    return std::chrono::milliseconds(static_cast<long>(seconds * 1000));
}

}  // namespace

Options parse(const std::vector<std::string>& arguments) {
    Options options;
    for (auto next = arguments.begin(); next != arguments.end(); ++next) {
        const std::size_t equals = std::min(next->find('='), next->size());
        const std::string name = next->substr(0, equals);
        const auto value = [&] {
            if (equals != next->size()) {
                return next->substr(equals + 1);
            }
            if (next + 1 == arguments.end()) {
                throw UsageError(name + ": the value is missing");
            }
            return *++next;
        };
        if (*next == "--help" || *next == "-h") {
            options.help = true;
            return options;
        }
        if (*next == "--list") {
            options.list = true;
        } else if (*next == "--once") {
            options.once = true;
        } else if (*next == "--reverse") {
            options.page.reverse = true;
        } else if (name == "--interval") {
            options.interval = interval_of(value());
        } else if (name == "--sort") {
            options.page.order = value();
            if (std::ranges::find(known_orders, options.page.order) == known_orders.end()) {
                throw UsageError("--sort: there is no order " + options.page.order);
            }
        } else if (name == "--filter") {
            options.page.filter = value();
        } else if (next->size() > 1 && next->front() == '-') {
            throw UsageError(*next + ": no such option");
        } else if (!options.target.empty()) {
            throw UsageError("one PID or URL, not " + options.target + " and " + *next);
        } else {
            options.target = *next;
        }
    }
    if (options.target.empty() && !options.list) {
        throw UsageError("a PID or a URL is missing; --list prints the processes that can be shown");
    }
    return options;
}

}  // namespace tendril::top
