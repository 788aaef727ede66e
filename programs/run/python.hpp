// SPDX-License-Identifier: MIT
//
// `tendril run` for interpreters of Python: where the package tendril is installed for one, that patches it from
// inside, for it knows the interpreter's locks.

#pragma once

#include <string>
#include <vector>

#include "run/options.hpp"

namespace tendril::run {

// Whether the program is an interpreter of Python that can import the package tendril: starts it, to ask.
bool has_package(const std::string& program);

// Returns: the arguments by which that interpreter, named as in the command, runs the command's program itself.
// `script`: the command is a script, of which the interpreter is the program.
std::vector<std::string> by_package(const Options& options, const std::string& program, bool script);

}  // namespace tendril::run
