// SPDX-License-Identifier: MIT
//
// The crawl: breadth first, each page once, on one site.

#pragma once

#include <cstddef>
#include <functional>

#include "options.hpp"
#include "page.hpp"

namespace crawler {

inline constexpr char agent[] = "tendril-crawler";

struct Progress {
    std::size_t done = 0;
    std::size_t found = 0;  // includes those done
    std::size_t errors = 0;
    std::size_t excluded = 0;  // by robots.txt
};

// Calls `report` for each page, in the order in which they were found. Throws: std::invalid_argument for a start that
// is not a URL; what `report` throws; Interrupt.
void crawl(const Options& options, const std::function<void(const Page&, const Progress&)>& report);

}  // namespace crawler
