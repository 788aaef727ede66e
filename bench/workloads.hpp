// SPDX-License-Identifier: MIT
//
// The work itself, written once for every C++ system: tendril.cpp and peers/boost_fiber.cpp only say how to spawn,
// join, yield and sleep. peers/go/main.go repeats it in Go. A system is a class with
//
//     static constexpr bench::Identity identity;
//     Handle spawn(f)       a green thread with a handle that has join()
//     void spawn_n(f)       one that is never joined
//     void yield()
//     void sleep(std::chrono::milliseconds)

#pragma once

#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "measure.hpp"

namespace bench {

// Per operation: one switch. `threads` green threads do nothing but yield.
template <class System>
void yield_between(System& system, std::size_t threads, const char* name) {
    using Handle = decltype(system.spawn([] {}));
    measure(System::identity, name, threads, [&](std::uint64_t n) {
        const std::uint64_t laps = n / threads;
        std::vector<Handle> handles;
        handles.reserve(threads);
        const Elapsed start = now();
        for (std::size_t i = 0; i < threads; ++i) {
            handles.push_back(system.spawn([&system, laps] {
                for (std::uint64_t lap = 0; lap < laps; ++lap) {
                    system.yield();
                }
            }));
        }
        for (Handle& handle : handles) {
            handle.join();
        }
        return now() - start;
    });
}

// Per operation: one green thread spawned, run to its end and joined; `batch` of them are spawned before the first
// join.
template <class System>
void spawn_and_join(System& system, std::size_t batch, const char* name) {
    using Handle = decltype(system.spawn([] {}));
    measure(System::identity, name, batch, [&](std::uint64_t n) {
        std::uint64_t done = 0;
        std::vector<Handle> handles;
        handles.reserve(batch);
        const Elapsed start = now();
        for (std::uint64_t spawned = 0; spawned < n; spawned += batch) {
            for (std::size_t i = 0; i < batch; ++i) {
                handles.push_back(system.spawn([&done] { ++done; }));
            }
            for (Handle& handle : handles) {
                handle.join();
            }
            handles.clear();
        }
        const Elapsed took = now() - start;
        require_done(name, done, n);
        return took;
    });
}

// Returns: a figure in KiB from /proc/self/status or /proc/meminfo; 0 if it is missing.
inline std::uint64_t kib_of(const char* file, const char* key) {
    std::uint64_t value = 0;
    if (std::FILE* f = std::fopen(file, "re")) {
        char line[256];
        while (std::fgets(line, sizeof line, f) != nullptr) {
            if (std::strncmp(line, key, std::strlen(key)) == 0) {
                value = std::strtoull(line + std::strlen(key), nullptr, 10);
                break;
            }
        }
        std::fclose(f);
    }
    return value;
}

inline std::uint64_t status_kib(const char* key) {
    return kib_of("/proc/self/status", key);
}

// Returns: the share of the stacks that have an unreadable page, a guard, within 1 MiB below the sampled address. Asks
// the system, which answers EFAULT where a program would be killed.
inline double share_guarded(const std::vector<std::uintptr_t>& samples) {
    constexpr std::uintptr_t page = 4096;
    constexpr std::uintptr_t reach = std::uintptr_t{1} << 20;
    std::size_t guarded = 0;
    for (const std::uintptr_t sample : samples) {
        for (std::uintptr_t at = sample; at > sample - reach; at -= page) {
            char byte = 0;
            const iovec into{&byte, 1};
            const iovec from{reinterpret_cast<void*>(at), 1};
            if (::process_vm_readv(::getpid(), &into, 1, &from, 1, 0) < 0 && errno == EFAULT) {
                ++guarded;
                break;
            }
        }
    }
    return samples.empty() ? 0 : static_cast<double>(guarded) / static_cast<double>(samples.size());
}

// `wanted` green threads asleep for an hour: the memory of each, and the time to make it. Stops earlier, and says why,
// if the system cannot make more or less than 10 % of the machine's memory is left. Does not return.
template <class System>
[[noreturn]] void parked(System& system, std::uint64_t wanted, const char* name) {
    const std::uint64_t spare = kib_of("/proc/meminfo", "MemTotal:") / 10;
    const std::uint64_t rss = status_kib("VmRSS:");
    const std::uint64_t pte = status_kib("VmPTE:");
    std::uint64_t created = 0;
    std::uint64_t asleep = 0;
    std::string limit;
    std::vector<std::uintptr_t> samples;  // an address on every thousandth stack
    const Elapsed start = now();
    while (created < wanted && limit.empty()) {
        try {
            system.spawn_n([&system, &asleep, &samples] {
                if (const char here = 0; asleep % 1'000 == 0) {
                    samples.push_back(reinterpret_cast<std::uintptr_t>(&here));
                }
                ++asleep;
                system.sleep(std::chrono::hours(1));
            });
            ++created;
        } catch (const std::exception& error) {
            limit = error.what();
        }
        if (created % 10'000 == 0 && kib_of("/proc/meminfo", "MemAvailable:") < spare) {
            limit = "memory of the machine";
        }
    }
    // One turn runs them all; the further turns are for systems that run them in portions.
    for (int turn = 0; asleep < created && turn < 10'000; ++turn) {
        system.yield();
    }
    const Elapsed took = now() - start;
    for (char& c : limit) {
        c = c == '"' || c == '\\' || static_cast<unsigned char>(c) < ' ' ? ' ' : c;
    }
    const auto n = static_cast<double>(asleep);
    std::printf("{\"system\":\"%s\",\"version\":\"%s\",\"bench\":\"%s\",\"ns_wall\":%.1f,\"ns_cpu\":%.1f,\"n\":%llu,"
                "\"rss_kib\":%.3f,\"pte_kib\":%.3f,\"guarded\":%.3f,\"limit\":\"%s\"}\n",
                System::identity.system, System::identity.version, name, took.wall / n, took.cpu / n,
                static_cast<unsigned long long>(asleep), static_cast<double>(status_kib("VmRSS:") - rss) / n,
                static_cast<double>(status_kib("VmPTE:") - pte) / n, share_guarded(samples), limit.c_str());
    std::fflush(stdout);
    std::_Exit(0);
}

}  // namespace bench
