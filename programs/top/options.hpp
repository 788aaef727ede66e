// SPDX-License-Identifier: MIT
//
// The arguments of `tendril top`.

#pragma once

#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

#include "top/page.hpp"

namespace tendril::top {

class UsageError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

struct Options {
    bool help = false;
    bool list = false;
    bool once = false;
    std::chrono::milliseconds interval{1000};
    PageOptions page;
    std::string target;
};

// Throws: UsageError.
Options parse(const std::vector<std::string>& arguments);

}  // namespace tendril::top
