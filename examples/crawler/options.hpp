// SPDX-License-Identifier: MIT
//
// The crawler's command line.

#pragma once

#include <chrono>
#include <cstddef>
#include <stdexcept>
#include <string>

namespace crawler {

extern const char usage[];

struct Options {
    std::string start;
    std::size_t concurrency = 16;  // pages at once
    std::size_t per_host = 8;      // connections to one host
    std::size_t pages = 10000;     // no more than that
    std::chrono::seconds timeout{30};
    bool robots = true;
    std::string ca_file;
    std::string report;  // file; empty: standard output
    bool help = false;
};

class UsageError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

// Throws: UsageError.
Options parse_options(int argc, char** argv);

}  // namespace crawler
