// SPDX-License-Identifier: MIT

#include "run/options.hpp"

#include <unistd.h>

#include <charconv>
#include <climits>
#include <cstdlib>
#include <optional>
#include <string_view>

#include <tendril/patch/patch.hpp>

namespace tendril::run {

const char* const usage =
    R"(usage: tendril run [options] [--] program [arguments]

Runs a program so that its threads are green threads of one OS thread, and what would block one of them lets the
others run.

  --classes=LIST   which calls: io, sleep, names, processes, sync, threads, keys, signals, separated by commas; all is
                   the default, and none is known too
  --except=LIST    which of them not
  --children       in the processes that it starts, too
  --report[=FILE]  at its exit, say what was patched and what is not covered: on standard error, or at the end of FILE
  --watch[=MS]     report each green thread that lets no other run for MS milliseconds (100) on standard error
  --help           print this

The exit status is the program's; 125 if tendril fails, 126 if the program cannot be run so, 127 if it is not found.
)";

namespace {

patch::Classes classes_of(const std::string& option, const std::string& list) {
    try {
        return patch::parse_classes(list);
    } catch (const patch::Error& error) {
        throw UsageError(option + ": " + error.what());
    }
}

unsigned milliseconds_of(const std::string& text) {
    unsigned number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size() || number == 0) {
        throw UsageError("--watch: " + text + " is not a number of milliseconds");
    }
    return number;
}

// Returns: an absolute path: the program may change its folder.
std::string report_file(const std::string& name) {
    if (name.empty()) {
        throw UsageError("--report: the file's name is empty");
    }
    if (name == "-" || name.front() == '/') {
        return name;
    }
    char folder[PATH_MAX];
    return ::getcwd(folder, sizeof folder) != nullptr ? std::string(folder) + '/' + name : name;
}

// An option as it is written: --name, or --name=value.
struct Option {
    std::string name;
    std::optional<std::string> value;

    explicit Option(const std::string& text)
        : name(text.substr(0, text.find('='))),
          value(name.size() == text.size() ? std::nullopt : std::optional(text.substr(name.size() + 1))) {}
};

}  // namespace

Options parse(const std::vector<std::string>& arguments) {
    Options options;
    patch::Classes except;
    auto next = arguments.begin();
    for (; next != arguments.end() && next->size() > 1 && next->front() == '-'; ++next) {
        if (*next == "--") {
            ++next;
            break;
        }
        const Option option(*next);
        const auto value = [&] {
            if (option.value) {
                return *option.value;
            }
            if (++next == arguments.end()) {
                throw UsageError(option.name + ": the value is missing");
            }
            return *next;
        };
        if (option.name == "--classes") {
            options.settings.classes = classes_of(option.name, value());
        } else if (option.name == "--except") {
            except = except | classes_of(option.name, value());
        } else if (option.name == "--report") {
            options.settings.report = report_file(option.value.value_or("-"));
        } else if (option.name == "--watch") {
            options.settings.watch_ms = option.value ? milliseconds_of(*option.value) : 100;
        } else if (option.name == "--children" && !option.value) {
            options.settings.children = true;
        } else if ((option.name == "--help" || option.name == "-h") && !option.value) {
            options.help = true;
            return options;
        } else {
            throw UsageError(*next + ": no such option");
        }
    }
    options.settings.classes = options.settings.classes - except;
    options.command.assign(next, arguments.end());
    if (options.command.empty()) {
        throw UsageError("no program is named");
    }
    return options;
}

}  // namespace tendril::run
