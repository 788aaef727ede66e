// SPDX-License-Identifier: MIT
//
// Seed 001's pool: two workers at a time. The hub gives a slot back after its worker has ended, so each worker counts
// itself, and the first counts the second; the third runs alone.

#include <cstdio>
#include <vector>

#include <tendril/pool.hpp>

int main() {
    tendril::Pool pool(2);
    pool.map([&](int) { std::printf("Size of pool %zu\n", pool.size()); }, std::vector{0, 1, 2});
}
