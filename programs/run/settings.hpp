// SPDX-License-Identifier: MIT
//
// Settings: what `tendril run` tells libtendril_preload.so, by the environment variable TENDRIL_RUN.

#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>

#include <tendril/patch/classes.hpp>

namespace tendril::run {

struct Settings {
    patch::Classes classes = patch::Classes::all();
    unsigned watch_ms = 0;  // the threshold of the blocking watch; 0: none
    bool children = false;  // in all processes that the program starts, too
    pid_t process = 0;      // the one to be cooperative, unless `children`
    std::string report;     // the file that the report is appended to; "-": standard error; empty: no report
};

// Whether a program of this name only starts others: a shell, env(1), nice(1), ... It stays plain, and what it execs or
// starts finds the settings as they were.
bool passes_on(std::string_view name) noexcept;

// Sets TENDRIL_RUN, and LD_PRELOAD with `library` in front.
void put_into_environment(const Settings& settings, const std::string& library);

// Returns: what TENDRIL_RUN says; nothing if there is none, or if it is not understood.
std::optional<Settings> from_environment();

// Removes TENDRIL_RUN, and `library` from LD_PRELOAD.
void take_out_of_environment(const std::string& library);

}  // namespace tendril::run
