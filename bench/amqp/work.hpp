// SPDX-License-Identifier: MIT
//
// What the programs of bench/amqp have in common: how they are called, and what they print.
//
//   program WORK PORT MESSAGES
//
// WORK: publish, confirm, confirm-1, confirm-green, consume, consume-1, rpc; see run. Prints, in one line: microseconds
// of this process's CPU for each message, messages a second, and for rpc the median and the 99th of 100 round trips in
// microseconds. Exit status 3: this program has no such work.

#pragma once

#include <sys/resource.h>
#include <sys/time.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace bench {

inline constexpr std::size_t body_size = 100;
inline constexpr const char* exchange_without_queue = "bench.none";  // fanout
inline constexpr const char* queue = "bench";                        // durable, classic
inline constexpr const char* rpc_queue = "bench.rpc";
inline constexpr int no_such_work = 3;

inline double cpu_us() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto us = [](const timeval& t) {
        return 1e6 * static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec);
    };
    return us(usage.ru_utime) + us(usage.ru_stime);
}

class Measure {
public:
    explicit Measure(std::size_t messages) : messages_(messages) {}

    void round_trip(std::chrono::steady_clock::duration span) {
        spans_.push_back(std::chrono::duration<double, std::micro>(span).count());
    }

    void print() {
        const double cpu = cpu_us() - cpu_;
        const double wall = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
        const auto n = static_cast<double>(messages_);
        std::printf("%.4f %.0f", cpu / n, n / wall);
        if (!spans_.empty()) {
            std::sort(spans_.begin(), spans_.end());
            std::printf(" %.1f %.1f", spans_[spans_.size() / 2], spans_[spans_.size() * 99 / 100]);
        }
        std::printf("\n");
    }

private:
    std::size_t messages_;
    double cpu_ = cpu_us();
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
    std::vector<double> spans_;
};

struct Arguments {
    std::string work;
    int port;
    std::size_t messages;

    Arguments(int argc, char** argv) {
        if (argc != 4) {
            std::fprintf(stderr, "usage: %s WORK PORT MESSAGES\n", argv[0]);
            std::exit(2);
        }
        work = argv[1];
        port = std::atoi(argv[2]);
        messages = static_cast<std::size_t>(std::atol(argv[3]));
    }
};

}  // namespace bench
