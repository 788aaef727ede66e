// SPDX-License-Identifier: MIT
//
// The arguments of `tendril run`.

#pragma once

#include <stdexcept>
#include <string>
#include <vector>

#include "run/settings.hpp"

namespace tendril::run {

class UsageError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

struct Options {
    bool help = false;
    Settings settings;                 // without `process`
    std::vector<std::string> command;  // the program and its arguments
};

extern const char* const usage;

// Throws: UsageError.
Options parse(const std::vector<std::string>& arguments);

}  // namespace tendril::run
