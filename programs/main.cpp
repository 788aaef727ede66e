// SPDX-License-Identifier: MIT
//
// The program `tendril`: finds the command that its first argument names.

#include <array>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include <tendril/version.hpp>

#include "run/command.hpp"
#include "serve/command.hpp"
#include "top/command.hpp"

namespace {

struct Command {
    std::string_view name;
    const char* what;
    int (*run)(const std::vector<std::string>& arguments);
};

constexpr std::array commands{
    Command{"run", "run a program so that its threads are green threads", &tendril::run::command},
    Command{"serve", "serve a WSGI application in Python over HTTP", &tendril::serve::command},
    Command{"top", "show what the green threads of a process do", &tendril::top::command},
};

void print_usage(std::FILE* out) {
    std::fputs("usage: tendril <command> [arguments]\n\n", out);
    for (const Command& each : commands) {
        std::fprintf(out, "  %-8s %s\n", std::string(each.name).c_str(), each.what);
    }
    std::fputs("\n`tendril <command> --help` says more; `tendril --version` prints the version.\n", out);
}

}  // namespace

int main(int count, char** arguments) {
    const std::vector<std::string> all(arguments + 1, arguments + (count > 0 ? count : 1));
    const std::string first = all.empty() ? "" : all.front();
    if (first == "--version") {
        std::printf("tendril %s\n", tendril::library_version().text().c_str());
        return 0;
    }
    if (first == "--help" || first == "-h" || first == "help") {
        print_usage(stdout);
        return 0;
    }
    for (const Command& each : commands) {
        if (each.name == first) {
            return each.run({all.begin() + 1, all.end()});
        }
    }
    if (!first.empty()) {
        std::fprintf(stderr, "tendril: no such command: %s\n", first.c_str());
    }
    print_usage(stderr);
    return 125;
}
