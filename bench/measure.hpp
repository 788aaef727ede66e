// SPDX-License-Identifier: MIT
//
// What every C++ program in bench/ measures with: two clocks, a calibrated loop, and one JSON line per measurement on
// stdout, which bench/compare reads. peers/go/main.go does the same in Go; keep them alike.

#pragma once

#include <time.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace bench {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool optimized = false;
#elif defined(__OPTIMIZE__) && defined(NDEBUG)
inline constexpr bool optimized = true;
#else
inline constexpr bool optimized = false;
#endif

// Nanoseconds of wall time and of this process's CPU time: a point in time if returned by now(), else a duration.
struct Elapsed {
    double wall = 0;
    double cpu = 0;

    friend Elapsed operator-(Elapsed a, Elapsed b) { return {a.wall - b.wall, a.cpu - b.cpu}; }
};

inline double read_clock(clockid_t id) {
    timespec t{};
    clock_gettime(id, &t);
    return static_cast<double>(t.tv_sec) * 1e9 + static_cast<double>(t.tv_nsec);
}

inline Elapsed now() {
    return {read_clock(CLOCK_MONOTONIC), read_clock(CLOCK_PROCESS_CPUTIME_ID)};
}

// The program that measures: the name for compare's column, and what it was built with.
struct Identity {
    const char* system;
    const char* version;
};

// more: further members of the JSON object, each with a comma before it.
inline void report(const Identity& who, const char* bench, Elapsed total, std::uint64_t n, const char* more = "") {
    const auto ops = static_cast<double>(n);
    std::printf(
        "{\"system\":\"%s\",\"version\":\"%s\",\"bench\":\"%s\",\"ns_wall\":%.4f,\"ns_cpu\":%.4f,\"n\":%llu%s}\n",
        who.system, who.version, bench, total.wall / ops, total.cpu / ops, static_cast<unsigned long long>(n), more);
    std::fflush(stdout);
}

// How much CPU time a run is worth; work that mostly sleeps counts an eighth of its wall time. By wall time alone, the
// first short run that a busy machine interrupts would be enough.
inline double worth(const Elapsed& took) {
    return std::max(took.cpu, took.wall / 8);
}

// Calls work(n), which does n operations and returns what they took, with growing n until n is worth 30 ms (this also
// warms up caches and pools), then once more for about 0.3 s, which is reported. n is a multiple of `step`.
template <class Work>
void measure(const Identity& who, const char* bench, std::uint64_t step, Work work) {
    std::uint64_t n = step;
    Elapsed took = work(n);
    while (worth(took) < 30e6) {
        n *= 4;
        took = work(n);
    }
    const double wanted = static_cast<double>(n) * (300e6 / worth(took));
    n = (static_cast<std::uint64_t>(wanted) / step + 1) * step;
    report(who, bench, work(n), n);
}

// Ends the program if the work was not done: a figure for it would be a lie.
inline void require_done(const char* name, std::uint64_t done, std::uint64_t n) {
    if (done != n) {
        std::fprintf(stderr, "%s: %llu of %llu done\n", name, static_cast<unsigned long long>(done),
                     static_cast<unsigned long long>(n));
        std::exit(1);
    }
}

struct Bench {
    const char* name;
    void (*run)();
};

// main() of every program: runs the benches named on the command line, or all of them if none is named.
template <std::size_t count>
int run_benches(int argc, char** argv, const Bench (&benches)[count]) {
    if constexpr (!optimized) {
        std::fprintf(stderr,
                     "%s: built without optimization, with assertions or with a sanitizer: refusing to measure; "
                     "use the release preset\n",
                     argv[0]);
        return 2;
    }
    int found = 0;
    for (const Bench& bench : benches) {
        bool wanted = argc < 2;
        for (int i = 1; i < argc; ++i) {
            wanted = wanted || std::strcmp(argv[i], bench.name) == 0;
        }
        if (wanted) {
            bench.run();
            ++found;
        }
    }
    if (found == 0 || (argc > 1 && found < argc - 1)) {
        std::fprintf(stderr, "%s: no such bench; there are:", argv[0]);
        for (const Bench& bench : benches) {
            std::fprintf(stderr, " %s", bench.name);
        }
        std::fprintf(stderr, "\n");
        return 2;
    }
    return 0;
}

}  // namespace bench
