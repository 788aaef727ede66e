// SPDX-License-Identifier: MIT
//
// Raw switches, once more than in greenlet_switch.cpp: the other one goes on, and ends in the parent.

#include <any>
#include <cstdio>

#include <tendril/context.hpp>

int main() {
    tendril::ContextRef second;
    tendril::Context gr1([&](std::any) {
        std::puts("12");
        second.switch_to();
        std::puts("34");
        second.switch_to();
        return std::any();
    });
    tendril::Context gr2([&](std::any) {
        std::puts("56");
        gr1.switch_to();
        std::puts("78");
        return std::any();
    });
    second = gr2;
    gr1.switch_to();
    std::printf("%s %s\n", gr1.dead() ? "True" : "False", gr2.dead() ? "True" : "False");
}
