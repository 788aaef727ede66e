// SPDX-License-Identifier: MIT
//
// A shared library that holds a copy of tendril of its own, hidden: built twice, as plugins that know nothing of one
// another. See hidden/copies_test.cpp.

#include <stdexcept>

#include <tendril/greenlet.hpp>
#include <tendril/queue.hpp>

using namespace tendril;
using namespace std::chrono_literals;

// A producer and a consumer, whose waits are inlined here; sleeps; an exception out of one green thread into another.
// Returns: 0 + 1 + ... + n - 1. meanwhile: called in a green thread.
extern "C" [[gnu::visibility("default")]] int TENDRIL_COPY(int n, void (*meanwhile)());

int TENDRIL_COPY(int n, void (*meanwhile)()) {
    Queue<int> queue(1);
    auto sum = spawn([&] {
        int total = 0;
        for (int i = 0; i < n; ++i) {
            total += queue.get();
        }
        sleep(1ms);
        return total;
    });
    auto fails = spawn([&] {
        yield();
        if (meanwhile != nullptr) {
            meanwhile();
        }
        throw std::runtime_error("of this copy");
    });
    for (int i = 0; i < n; ++i) {
        queue.put(i);
    }
    try {
        fails.get();
    } catch (const std::runtime_error&) {
        return sum.get();
    }
    return -1;
}
