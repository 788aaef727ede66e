// SPDX-License-Identifier: MIT
//
// Raw switches, without a scheduler; the context that is left in the middle never goes on.

#include <any>
#include <cstdio>

#include <tendril/context.hpp>

int main() {
    tendril::ContextRef second;
    tendril::Context gr1([&](std::any) {
        std::puts("12");
        second.switch_to();
        std::puts("34");
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
