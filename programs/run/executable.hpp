// SPDX-License-Identifier: MIT
//
// What `tendril run` can know of a program before it starts: where it is, and whether the loader will let
// libtendril_preload.so in.

#pragma once

#include <stdexcept>
#include <string>

namespace tendril::run {

// Why a program cannot be run, and the exit status for it: 127 if it is not found, otherwise 126, as env(1) has them.
class CannotRun : public std::runtime_error {
public:
    CannotRun(int status, const std::string& why) : std::runtime_error(why), status_(status) {}
    int status() const noexcept { return status_; }

private:
    int status_;
};

// Returns: the program's path; a name without a slash is looked up in PATH. Throws: CannotRun.
std::string find_program(const std::string& name);

// Requires a program that is linked dynamically, with the GNU C library, for this machine; or a script with such an
// interpreter.
// Returns: the path of the program that the kernel will start: the interpreter of a script.
// Throws: CannotRun, also for one that runs with other rights than the caller's, where the loader ignores LD_PRELOAD.
std::string require_preloadable(const std::string& path);

// Whether the program's table of dynamic symbols has the name, as its own or as one that it needs. Requires:
// require_preloadable() has returned it.
bool knows_symbol(const std::string& path, const std::string& name);

}  // namespace tendril::run
