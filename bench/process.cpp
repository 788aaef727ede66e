// SPDX-License-Identifier: MIT
//
// A program started, and waited for: what the caller pays. Per operation: one /bin/true.

#include <cstdint>

#include <tendril/process.hpp>

#include "measure.hpp"

int main(int argc, char** argv) {
    static constexpr bench::Bench benches[] = {
        {"popen",
         [] {
             bench::measure({"tendril", __VERSION__}, "popen", 1, [](std::uint64_t n) {
                 std::uint64_t done = 0;
                 const bench::Elapsed start = bench::now();
                 for (std::uint64_t i = 0; i < n; ++i) {
                     done += tendril::Popen({"/bin/true"}).wait() == 0 ? 1 : 0;
                 }
                 const bench::Elapsed took = bench::now() - start;
                 bench::require_done("popen", done, n);
                 return took;
             });
         }},
    };
    return bench::run_benches(argc, argv, benches);
}
