// SPDX-License-Identifier: MIT
//
// A pool of two: the third starts when one of them has ended.

#include <cstdio>
#include <vector>

#include <tendril/pool.hpp>

int main() {
    tendril::Pool pool(2);
    pool.map([&](int) { std::printf("Size of pool %zu\n", pool.size()); }, std::vector{0, 1, 2});
}
