// SPDX-License-Identifier: MIT
//
// The command line of tendril-demo.

#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>

namespace demo {

struct Options {
    std::size_t connections = 10'000;  // held open at once
    std::size_t in_flight = 500;       // green threads that fetch
    std::size_t rounds = 10;           // requests on each connection
    std::string address;               // of the server
    bool serve = false;
    bool help = false;
    std::string report_to;  // set only in the second process: its clients report there
};

extern const char usage[];

struct UsageError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// Throws: UsageError.
Options parse_options(int argc, char** argv);

}  // namespace demo
