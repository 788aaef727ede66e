// SPDX-License-Identifier: MIT
//
// Faults in base/sys, by script and by seed. While a Faults lives, calls fail, do less than they were asked to, or take
// long, as it says:
//
//     Faults faults({{.call = sys::Call::recv, .skip = 2, .fault = ECONNRESET}});      the third recv
//     Faults faults(SeededFaults{.seed = 7, .errors = {EINTR}, .error_percent = 10, .short_percent = 30});
//
// At most one lives at a time. It sees the calls of every OS thread; which of them a count hits is then up to chance.

#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <vector>

#include "base/sys.hpp"

namespace tendril::testing {

constexpr sys::Call any_call = static_cast<sys::Call>(-1U);

// The first rule that matches a call decides.
struct FaultRule {
    sys::Call call = any_call;
    int fd = -1;            // -1: any
    std::size_t skip = 0;   // this many such calls pass first
    std::size_t times = 1;  // then this many get the fault
    sys::Fault fault;
};

struct SeededFaults {
    std::uint64_t seed = 1;
    std::vector<sys::Call> calls = {};  // empty: the calls that move bytes, accept and connect
    std::vector<int> errors = {EINTR};
    unsigned error_percent = 10;
    unsigned short_percent = 30;  // calls that move bytes move only a part, at least one byte
    unsigned delay_percent = 1;   // by 10 microseconds
};

class Faults {
public:
    explicit Faults(std::vector<FaultRule> script);
    explicit Faults(SeededFaults seeded);
    Faults(const Faults&) = delete;
    Faults& operator=(const Faults&) = delete;
    ~Faults();

    std::size_t calls() const;     // calls seen so far, of any kind
    std::size_t happened() const;  // faults so far
};

// Returns how many calls of this kind f makes.
template <class F>
std::size_t count_calls(sys::Call call, F f) {
    constexpr std::size_t all = static_cast<std::size_t>(-1);
    const Faults none({{.call = call, .times = all, .fault = {}}});
    f();
    return none.happened();
}

}  // namespace tendril::testing
