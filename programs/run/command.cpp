// SPDX-License-Identifier: MIT

#include "run/command.hpp"

#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstring>
#include <exception>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "run/executable.hpp"
#include "run/options.hpp"
#include "run/python.hpp"
#include "run/settings.hpp"

namespace tendril::run {

namespace {

constexpr int own_failure = 125;

void say(const std::string& text) {
    std::fprintf(stderr, "tendril run: %s\n", text.c_str());
}

std::string preload_library() {
    namespace fs = std::filesystem;
    constexpr const char* name = "libtendril_preload.so";
    const fs::path here = fs::read_symlink("/proc/self/exe").parent_path();
    for (const fs::path& folder : {here, here / TENDRIL_PRELOAD_DIR}) {
        if (fs::exists(folder / name)) {
            std::string path = fs::canonical(folder / name);
            if (path.find_first_of(": ") != std::string::npos) {
                throw std::runtime_error(path + ": LD_PRELOAD cannot name a file with a space or a colon in its path");
            }
            return path;
        }
    }
    throw std::runtime_error(std::string(name) + " is missing: it lies neither beside this program nor in " +
                             (here / TENDRIL_PRELOAD_DIR).lexically_normal().string());
}

int become(const std::vector<std::string>& command, const std::string& path) {
    std::vector<char*> arguments;
    for (const std::string& each : command) {
        arguments.push_back(const_cast<char*>(each.c_str()));
    }
    arguments.push_back(nullptr);
    ::execv(path.c_str(), arguments.data());
    say(path + ": " + std::strerror(errno));
    return errno == ENOENT ? 127 : 126;
}

}  // namespace

int command(const std::vector<std::string>& arguments) {
    try {
        Options options = parse(arguments);
        if (options.help) {
            std::fputs(usage, stdout);
            return 0;
        }
        const std::string path = find_program(options.command.front());
        const std::string program = require_preloadable(path);
        if (std::filesystem::path(program).filename() == "tendril") {
            throw CannotRun(126, path + ": is tendril itself");
        }
        if (has_package(program)) {
            const bool script = program != path;
            if (script) {
                options.command.front() = path;
            }
            return become(by_package(options, program, script), program);
        }
        options.settings.process = ::getpid();
        put_into_environment(options.settings, preload_library());
        return become(options.command, path);
    } catch (const UsageError& error) {
        say(error.what());
        std::fputs("Try `tendril run --help`.\n", stderr);
    } catch (const CannotRun& error) {
        say(error.what());
        return error.status();
    } catch (const std::exception& error) {
        say(error.what());
    }
    return own_failure;
}

}  // namespace tendril::run
