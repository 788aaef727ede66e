// SPDX-License-Identifier: MIT
//
// What the demo asks of the system about its own process: descriptors and memory.

#pragma once

#include <cstddef>

namespace demo {

// Raises the soft limit of open descriptors to the hard one. Returns: how many more descriptors may be opened.
std::size_t raise_descriptor_limit();

// Resident memory of this process, in bytes.
std::size_t resident_memory();

// Measures how much memory the green threads of this OS thread take.
class Footprint {
public:
    Footprint() : before_(resident_memory()) {}

    // Measures now, and keeps the result if there were never more green threads.
    void sample();

    std::size_t greenlets() const { return greenlets_; }  // the largest number so far
    double kib_each() const;  // the growth of the process at that time, divided by their number

private:
    std::size_t before_;
    std::size_t greenlets_ = 0;
    std::size_t grown_ = 0;
};

}  // namespace demo
