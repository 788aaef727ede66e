// SPDX-License-Identifier: MIT

#include "figures.hpp"

#include <cstdio>

#include <tendril/hub.hpp>

#include "process.hpp"

namespace demo {

void Figures::note(const tendril::http::AccessRecord& record) {
    if (record.status != 101) {  // the live page's own request lasts as long as the page is open
        rate_.note();
        latencies_.note(record.took);
    }
}

std::string Figures::json(const tendril::http::ServerView& server) {
    const tendril::http::ServerStats stats = server.stats();
    const std::chrono::duration<double> uptime = std::chrono::steady_clock::now() - start_;
    char text[300];
    std::snprintf(text, sizeof text,
                  R"({"uptime_seconds":%.1f,"greenlets":%zu,"connections":%ju,"requests":%ju,)"
                  R"("requests_per_second":%ju,"resident_bytes":%zu,"latency":[)",
                  uptime.count(), tendril::Hub::current().stats().greenlets, std::uintmax_t{stats.open},
                  std::uintmax_t{stats.requests}, std::uintmax_t{rate_.per_second()}, resident_memory());
    std::string json = text;
    for (std::size_t i = 0; i < latencies_.counts().size(); ++i) {
        const bool last = i == Latencies::bounds.size();
        json += R"({"below_us":)" + (last ? "null" : std::to_string(Latencies::bounds[i])) + R"(,"count":)" +
                std::to_string(latencies_.counts()[i]) + (last ? "}]}" : "},");
    }
    return json;
}

}  // namespace demo
