// SPDX-License-Identifier: MIT
//
// libtendril_preload.so: what `tendril run` puts into a program by LD_PRELOAD.
//
// Its constructor looks for what `tendril run` has left in the environment, and takes it out of there, so that the
// program's children are plain. The program's start comes here by the name __libc_start_main. Then the first OS thread
// gets its hub, everything that is loaded is patched, and main() runs as the hub's main green thread.
//
// In any other process, and in shells, it does nothing.

#include <dlfcn.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <optional>
#include <sstream>
#include <string>

#include <tendril/blocking_watch.hpp>
#include <tendril/hub.hpp>
#include <tendril/patch/patch.hpp>
#include <tendril/patch/report.hpp>

#include "hub/here.hpp"
#include "run/settings.hpp"

namespace tendril::run {

namespace {

std::optional<Settings>* settings = nullptr;  // of a process that is to be cooperative

void say(const char* text) {
    std::fprintf(stderr, "tendril run: %s: %s\n", program_invocation_short_name, text);
}

std::string own_path() {
    Dl_info info;
    return ::dladdr(reinterpret_cast<void*>(&say), &info) != 0 && info.dli_fname != nullptr ? info.dli_fname : "";
}

[[gnu::constructor]] void look_into_environment() {
    settings = new std::optional<Settings>;  // never destroyed
    std::optional<Settings> found = from_environment();
    if (!found) {
        return;
    }
    const bool wanted = found->children || found->process == ::getpid();
    if (wanted && passes_on(program_invocation_short_name)) {
        return;
    }
    if (!found->children) {
        take_out_of_environment(own_path());
    }
    if (wanted) {
        *settings = std::move(found);
    }
}

void start(const Settings& how) {
    detail::here::expect_foreign_main();
    Hub::current();
    if (how.watch_ms != 0) {
        set_blocking_watch(std::chrono::milliseconds(how.watch_ms));
    }
    if (!how.classes.empty()) {
        patch::all({.classes = how.classes, .except = {}, .require = {}});
    }
}

void write_report(const Settings& how) {
    std::ostringstream text;
    text << "tendril run: " << program_invocation_name << ", process " << ::getpid() << ", classes "
         << patch::to_string(how.classes) << '\n'
         << patch::report();
    std::FILE* const out = how.report == "-" ? stderr : std::fopen(how.report.c_str(), "ae");
    if (out == nullptr) {
        say((how.report + ": " + std::strerror(errno)).c_str());
        return;
    }
    std::fputs(text.str().c_str(), out);
    if (out == stderr) {
        std::fflush(out);
    } else {
        std::fclose(out);
    }
}

[[gnu::destructor]] void report_at_exit() {
    if (settings == nullptr || !*settings || (*settings)->report.empty()) {
        return;
    }
    if (!(*settings)->children && (*settings)->process != ::getpid()) {
        return;  // the child of a fork
    }
    try {
        write_report(**settings);
    } catch (const std::exception& error) {
        say(error.what());
    }
}

}  // namespace

}  // namespace tendril::run

extern "C" {

using Main = int (*)(int, char**, char**);
using Start = int (*)(Main, int, char**, void (*)(), void (*)(), void (*)(), void*);

// What the program's first instructions call. `init` and `finish` are those of programs linked with an old C library.
[[gnu::visibility("default")]] int __libc_start_main(Main main, int count, char** arguments, void (*init)(),
                                                     void (*finish)(), void (*finish_loader)(), void* stack_end) {
    const auto plain = reinterpret_cast<Start>(::dlsym(RTLD_NEXT, "__libc_start_main"));
    if (plain == nullptr) {
        tendril::run::say("no __libc_start_main in the C library");
        ::_exit(126);
    }
    if (tendril::run::settings != nullptr && *tendril::run::settings) {
        try {
            tendril::run::start(**tendril::run::settings);
        } catch (const std::exception& error) {
            tendril::run::say(error.what());
            ::_exit(126);
        }
    }
    return plain(main, count, arguments, init, finish, finish_loader, stack_end);
}

}  // extern "C"
