// SPDX-License-Identifier: MIT
//
// Seed 001's local: a value that one green thread sets does not exist for another.

#include <cstdio>
#include <stdexcept>
#include <vector>

#include <tendril/greenlet.hpp>
#include <tendril/local.hpp>

namespace {

tendril::Local<int> x;
tendril::Local<int> y;

void f1() {
    x = 1;
    std::printf("%d\n", *x);
}

void f2() {
    y = 2;
    std::printf("%d\n", *y);
    try {
        std::printf("%d\n", *x);
    } catch (const std::logic_error&) {
        std::printf("x is not local to f2\n");
    }
}

}  // namespace

int main() {
    tendril::join_all(std::vector{tendril::spawn(f1), tendril::spawn(f2)});
}
