// SPDX-License-Identifier: MIT
//
// The work of workloads.hpp on tendril.

#include <chrono>
#include <utility>

#include <tendril/greenlet.hpp>

#include "workloads.hpp"

namespace {

struct Tendril {
    static constexpr bench::Identity identity{"tendril", __VERSION__};

    template <class F>
    auto spawn(F f) {
        return tendril::spawn(std::move(f));
    }

    template <class F>
    void spawn_n(F f) {
        tendril::spawn_n(std::move(f));
    }

    void yield() { tendril::yield(); }
    void sleep(std::chrono::milliseconds time) { tendril::sleep(time); }
};

Tendril green;

}  // namespace

int main(int argc, char** argv) {
    static constexpr bench::Bench benches[] = {
        {"yield_2", [] { bench::yield_between(green, 2, "yield_2"); }},
        {"yield_1000", [] { bench::yield_between(green, 1000, "yield_1000"); }},
        {"spawn_join_1", [] { bench::spawn_and_join(green, 1, "spawn_join_1"); }},
        {"spawn_join_1000", [] { bench::spawn_and_join(green, 1000, "spawn_join_1000"); }},
        {"sleep", [] { bench::sleeping(green); }},
        {"parked", [] { bench::parked(green, "parked"); }},  // last: ends the process
    };
    return bench::run_benches(argc, argv, benches);
}
