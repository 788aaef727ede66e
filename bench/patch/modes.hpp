// SPDX-License-Identifier: MIT
//
// What the programs in bench/patch/ share: the same blocking code in green threads by patch::library, and on OS
// threads. Each program prints one line, the microseconds of CPU time per command; bench/patch/run compares them.

#pragma once

#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>
#include <latch>
#include <stdexcept>
#include <string_view>
#include <thread>
#include <vector>

#include <tendril/group.hpp>
#include <tendril/patch/patch.hpp>

namespace bench {

constexpr int connections = 50;

// Returns the CPU time of this process, in microseconds.
inline double cpu_us() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    return 1e6 * static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

// Both call command(session) `each` times for each of the sessions, which connect() has made, and return the CPU time
// of a command.

template <class Connect, class Command>
double in_green_threads(int each, Connect connect, Command command) {
    std::vector<decltype(connect())> sessions;
    for (int i = 0; i < connections; ++i) {
        sessions.push_back(connect());
    }
    const double begin = cpu_us();
    tendril::Group group;
    for (auto& session : sessions) {
        group.spawn([&session, &command, each] {
            for (int n = 0; n < each; ++n) {
                command(session);
            }
        });
    }
    group.join();
    return (cpu_us() - begin) / connections / each;
}

template <class Connect, class Command>
double on_os_threads(int each, Connect connect, Command command) {
    std::latch connected(connections + 1);
    std::latch begun(1);
    std::vector<std::thread> threads;
    for (int i = 0; i < connections; ++i) {
        threads.emplace_back([&] {
            auto session = connect();
            connected.arrive_and_wait();
            begun.wait();
            for (int n = 0; n < each; ++n) {
                command(session);
            }
        });
    }
    connected.arrive_and_wait();
    const double begin = cpu_us();
    begun.count_down();
    for (std::thread& thread : threads) {
        thread.join();
    }
    return (cpu_us() - begin) / connections / each;
}

// main() of a program: `mode` is green, threads or loop, which the program writes by hand for the driver's asynchronous
// interface.
template <class Connect, class Command, class Loop>
int run(int argc, char** argv, const char* library, Connect connect, Command command, Loop loop) {
    const std::string_view mode = argc > 1 ? argv[1] : "";
    const int each = argc > 2 ? std::atoi(argv[2]) : 2000;
    double us = 0;
    if (mode == "green") {
        tendril::patch::library(library);
        us = in_green_threads(each, connect, command);
    } else if (mode == "threads") {
        us = on_os_threads(each, connect, command);
    } else if (mode == "loop") {
        us = loop(each);
    } else {
        std::fprintf(stderr, "usage: %s green|threads|loop [commands of each connection]\n", argv[0]);
        return 2;
    }
    std::printf("%.3f\n", us);
    return 0;
}

}  // namespace bench
