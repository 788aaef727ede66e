// SPDX-License-Identifier: MIT
//
// sleep(0) lets the others run.

#include <cstdio>

#include <tendril/greenlet.hpp>

int main() {
    const auto foo = tendril::spawn([] {
        std::puts("Running in foo");
        tendril::sleep();
        std::puts("Explicit context switch to foo again");
    });
    const auto bar = tendril::spawn([] {
        std::puts("Explicit context to bar");
        tendril::sleep();
        std::puts("Implicit context switch back to bar");
    });
    tendril::join_all({foo, bar});
}
