// SPDX-License-Identifier: MIT
//
// A library with a read() of its own, for others that are linked with it.

#include <unistd.h>

#include <cstddef>

extern "C" {

ssize_t read(int, void*, std::size_t) {
    return 4711;
}
}
