// SPDX-License-Identifier: MIT
//
// What the demo shows: its progress, and a table at the end.

#pragma once

#include <cstdint>
#include <string>

#include "clients.hpp"
#include "process.hpp"

namespace demo {

// 12345 -> "12,345"
std::string grouped(std::uint64_t number);

// A bar that grows in place on a terminal; elsewhere a line for each tenth.
class Progress {
public:
    Progress(const char* label, std::uint64_t total);
    void show(std::uint64_t done);

private:
    void draw(std::uint64_t done) const;

    const char* label_;
    std::uint64_t total_;
    std::uint64_t next_ = 0;  // nothing is shown below this value
    bool terminal_;
};

void print_table(const Plan& plan, const Tally& tally, const Footprint& footprint);

}  // namespace demo
