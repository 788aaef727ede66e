// SPDX-License-Identifier: MIT
//
// Faults in base/sys, by script and by seed. While a Faults lives, calls fail, do less than they were asked for, or
// take long, as it says:
//
//     Faults faults({{.call = sys::Call::recv, .skip = 2, .fault = ECONNRESET}});      the third recv
//     Faults faults(SeededFaults{.seed = 7, .errors = {EINTR}, .error_percent = 10, .short_percent = 30});
//
// One lives at a time. Calls of every OS thread are seen; which of them a count meets is then up to chance.

#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <vector>

#include "base/sys.hpp"

namespace tendril::testing {

constexpr sys::Call any_call = static_cast<sys::Call>(-1U);

// The first rule that has something to say about a call decides.
struct FaultRule {
    sys::Call call = any_call;
    int fd = -1;            // -1: any
    std::size_t skip = 0;   // so many such calls pass first
    std::size_t times = 1;  // then so many meet the fault
    sys::Fault fault;
};

struct SeededFaults {
    std::uint64_t seed = 1;
    std::vector<sys::Call> calls = {};  // empty: those that move bytes, accept and connect
    std::vector<int> errors = {EINTR};
    unsigned error_percent = 10;
    unsigned short_percent = 30;  // of those that move bytes: one byte to as many as were asked for
    unsigned delay_percent = 1;   // 10 microseconds
};

class Faults {
public:
    explicit Faults(std::vector<FaultRule> script);
    explicit Faults(SeededFaults seeded);
    Faults(const Faults&) = delete;
    Faults& operator=(const Faults&) = delete;
    ~Faults();

    std::size_t calls() const;     // seen so far, of any kind
    std::size_t happened() const;  // faults so far
};

// How many calls of this kind f makes.
template <class F>
std::size_t count_calls(sys::Call call, F f) {
    constexpr std::size_t all = static_cast<std::size_t>(-1);
    const Faults none({{.call = call, .times = all, .fault = {}}});
    f();
    return none.happened();
}

}  // namespace tendril::testing
