// SPDX-License-Identifier: MIT
//
// The clients: open many connections, then fetch pages on all of them while they stay open.

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <type_traits>

#include <tendril/address.hpp>

namespace demo {

struct Plan {
    tendril::Address server;
    std::size_t connections;
    std::size_t in_flight;  // green threads that open and fetch
    std::size_t rounds;     // requests on each connection

    std::size_t requests() const { return connections * rounds; }
};

struct Percentiles {
    double p50 = 0, p99 = 0;  // in milliseconds
};

// What the clients have done so far. Plain data: it also goes unchanged from process to process.
struct Tally {
    std::uint64_t tried = 0;     // connections: opened, or found impossible to open
    std::uint64_t held = 0;      // connections that are open
    std::uint64_t requests = 0;  // answered as they should be
    std::uint64_t errors = 0;    // requests that were not, or could not be made
    double seconds_to_open = 0;  // with a first answer on each; this and the members below: once finished
    double seconds_to_fetch = 0;
    Percentiles prompt, slow;  // from sending a request to having its whole answer
    char first_error[200] = "";
    bool finished = false;
};
static_assert(std::is_trivially_copyable_v<Tally>);

using OnTally = std::function<void(const Tally&)>;

// Runs the whole plan. Calls tell() about ten times a second, and with the finished tally while all connections are
// still open.
void run_clients(const Plan& plan, const OnTally& tell);

}  // namespace demo
