// SPDX-License-Identifier: MIT
//
// How far the crawl is, on standard error: a bar that grows in place on a terminal, and one line at the end.

#pragma once

#include <chrono>

#include "crawl.hpp"

namespace crawler {

class Display {
public:
    Display();
    void show(const Progress& progress);
    void end(bool interrupted);

private:
    void draw() const;

    bool terminal_;
    Progress latest_;
    std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
    std::chrono::steady_clock::time_point drawn_;
};

}  // namespace crawler
