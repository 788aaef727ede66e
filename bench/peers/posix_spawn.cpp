// SPDX-License-Identifier: MIT
//
// The floor of bench/process.cpp: posix_spawn and waitpid, which wait for nothing else meanwhile.

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>

#include "../measure.hpp"

int main(int argc, char** argv) {
    static constexpr bench::Bench benches[] = {
        {"popen",
         [] {
             bench::measure({"floor", __VERSION__}, "popen", 1, [](std::uint64_t n) {
                 char name[] = "/bin/true";
                 char* const arguments[] = {name, nullptr};
                 std::uint64_t done = 0;
                 const bench::Elapsed start = bench::now();
                 for (std::uint64_t i = 0; i < n; ++i) {
                     pid_t child = 0;
                     int status = 1;
                     if (posix_spawn(&child, name, nullptr, nullptr, arguments, environ) == 0 &&
                         waitpid(child, &status, 0) == child) {
                         done += status == 0 ? 1 : 0;
                     }
                 }
                 const bench::Elapsed took = bench::now() - start;
                 bench::require_done("popen", done, n);
                 return took;
             });
         }},
    };
    return bench::run_benches(argc, argv, benches);
}
