// SPDX-License-Identifier: MIT
//
// Round robin: green threads that yield take turns, in the order in which they were spawned.

#include <cstdio>
#include <vector>

#include <tendril/greenlet.hpp>

void foo() {
    std::printf("Running in foo\n");
    tendril::sleep();
    std::printf("Explicit context switch to foo again\n");
}

void bar() {
    std::printf("Explicit context to bar\n");
    tendril::sleep();
    std::printf("Implicit context switch back to bar\n");
}

int main() {
    tendril::join_all(std::vector{tendril::spawn(foo), tendril::spawn(bar)});
}
