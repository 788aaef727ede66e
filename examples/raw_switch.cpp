// SPDX-License-Identifier: MIT
//
// Two raw contexts that switch to each other, with no scheduler. The second never gets the control back after 34 is
// printed: the first ends, and its parent, the main program, goes on. So 78 is never printed.

#include <cstdio>

#include <tendril/context.hpp>

using tendril::Context;
using tendril::ContextRef;

int main() {
    ContextRef second;

    Context test1([&](std::any) {
        std::puts("12");
        second.switch_to();
        std::puts("34");
        return std::any();
    });

    Context test2([&](std::any) {
        std::puts("56");
        test1.switch_to();
        std::puts("78");
        return std::any();
    });

    second = test2;
    test1.switch_to();
}
