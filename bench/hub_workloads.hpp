// SPDX-License-Identifier: MIT
//
// Work between two OS threads, each of which has green threads of its own, written once for every C++ system, as
// workloads.hpp is; peers/go/threads.go repeats it in Go. It needs two processors. A Pipe is made with a capacity, and
// has put(int) and get(), which suspend the calling green thread and may be called in either OS thread.

#pragma once

#include <cstddef>
#include <cstdint>
#include <thread>

#include "measure.hpp"

namespace bench {

// Per operation: one item from one OS thread to the other, through a pipe that holds `capacity`.
template <class Pipe, class System>
void one_way(System&, std::size_t capacity, const char* name) {
    measure(System::identity, name, 1, [&](std::uint64_t n) {
        Pipe pipe(capacity);
        std::uint64_t sum = 0;
        const Elapsed start = now();
        std::thread producer([&pipe, n] {
            for (std::uint64_t i = 0; i < n; ++i) {
                pipe.put(1);
            }
        });
        std::thread consumer([&pipe, &sum, n] {
            for (std::uint64_t i = 0; i < n; ++i) {
                sum += static_cast<std::uint64_t>(pipe.get());
            }
        });
        producer.join();
        consumer.join();
        const Elapsed took = now() - start;
        require_done(name, sum, n);
        return took;
    });
}

// Per operation: a round trip of an item between the OS threads, through two pipes that hold one each.
template <class Pipe, class System>
void there_and_back(System&, const char* name) {
    measure(System::identity, name, 1, [&](std::uint64_t n) {
        Pipe there(1);
        Pipe back(1);
        std::uint64_t sum = 0;
        const Elapsed start = now();
        std::thread first([&there, &back, &sum, n] {
            for (std::uint64_t i = 0; i < n; ++i) {
                there.put(1);
                sum += static_cast<std::uint64_t>(back.get());
            }
        });
        std::thread second([&there, &back, n] {
            for (std::uint64_t i = 0; i < n; ++i) {
                back.put(there.get());
            }
        });
        first.join();
        second.join();
        const Elapsed took = now() - start;
        require_done(name, sum, n);
        return took;
    });
}

}  // namespace bench
