// SPDX-License-Identifier: MIT
//
// AssertSwitches: finds code that computes for too long without letting other green threads run.

#include <tendril/assert_switches.hpp>
#include <tendril/deadline.hpp>
#include <tendril/greenlet.hpp>

#include <chrono>
#include <iostream>
#include <stdexcept>

using namespace std::chrono_literals;

namespace {

void compute(std::chrono::milliseconds how_long, bool kindly) {
    for (const tendril::Deadline end = how_long; !end.passed();) {
        if (kindly) {
            tendril::yield();
        }
    }
}

void run(std::chrono::milliseconds limit, bool kindly) {
    tendril::AssertSwitches guard(limit);
    compute(50ms, kindly);
    try {
        guard.check();
        std::cout << "others could run\n";
    } catch (const std::logic_error&) {
        std::cout << "no other green thread could run for longer than " << limit.count() << " ms\n";
    }
}

}  // namespace

int main() {
    run(1000ms, true);
    run(20ms, false);
}
