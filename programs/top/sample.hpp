// SPDX-License-Identifier: MIT
//
// Sample: one answer of the process, and what has changed since the one before: rates, and the histograms of the time
// between the two.

#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/json.hpp"

namespace tendril::top {

struct HubFigures {
    double delay_p50 = 0, delay_p99 = 0;  // seconds, since the last sample
    double stretch_p99 = 0;
    double turns = 0;  // per second
};

struct Sample {
    detail::Json all;
    bool has_rates = false;  // there was one before
    double cpu_percent = 0;
    double requests_per_second = 0;
    std::vector<HubFigures> hubs;                // as in all["hubs"]
    std::map<std::string, double> metric_rates;  // per second, by metric_title()

    static Sample of(detail::Json now, const Sample* before);
};

// "name{label="value"}"
std::string metric_title(const detail::Json& metric);

}  // namespace tendril::top
