// SPDX-License-Identifier: MIT

#include "run/python.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <tendril/patch/classes.hpp>

#include "run/executable.hpp"

namespace tendril::run {

namespace {

// Returns: the exit status; -1: it did not run, or died.
int status_of(std::vector<std::string> arguments) {
    std::vector<char*> pointers;
    for (std::string& each : arguments) {
        pointers.push_back(each.data());
    }
    pointers.push_back(nullptr);
    posix_spawn_file_actions_t nowhere;
    ::posix_spawn_file_actions_init(&nowhere);
    for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
        ::posix_spawn_file_actions_addopen(&nowhere, fd, "/dev/null", O_RDWR, 0);
    }
    pid_t child = 0;
    const int error = ::posix_spawn(&child, pointers.front(), &nowhere, nullptr, pointers.data(), environ);
    ::posix_spawn_file_actions_destroy(&nowhere);
    int status = 0;
    return error == 0 && ::waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

bool has_package(const std::string& program) {
    return knows_symbol(program, "Py_BytesMain") && status_of({program, "-c", "import tendril.run"}) == 0;
}

std::vector<std::string> by_package(const Options& options, const std::string& program, bool script) {
    const Settings& settings = options.settings;
    std::vector<std::string> arguments{program, "-m", "tendril", "run",
                                       "--classes=" + patch::to_string(settings.classes)};
    if (settings.children) {
        arguments.emplace_back("--children");
    }
    if (!settings.report.empty()) {
        arguments.push_back("--report=" + settings.report);
    }
    if (settings.watch_ms != 0) {
        arguments.push_back("--watch=" + std::to_string(settings.watch_ms));
    }
    arguments.emplace_back("--interpreter");
    arguments.insert(arguments.end(), options.command.begin() + (script ? 0 : 1), options.command.end());
    return arguments;
}

}  // namespace tendril::run
