// SPDX-License-Identifier: MIT
//
// Figures: what the live page shows about a server and its hub.

#pragma once

#include <chrono>
#include <string>

#include <tendril/http/access_log.hpp>
#include <tendril/http/server.hpp>

#include "latencies.hpp"
#include "rate.hpp"

namespace demo {

class Figures {
public:
    // Counts an answered request.
    void note(const tendril::http::AccessRecord& record);

    std::string json(const tendril::http::ServerView& server);

private:
    const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
    Rate rate_;
    Latencies latencies_;
};

}  // namespace demo
