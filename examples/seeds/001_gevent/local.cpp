// SPDX-License-Identifier: MIT
//
// Each green thread has its own values in a local. One Local is one attribute of Python's, with a type.

#include <cstdio>

#include <tendril/greenlet.hpp>
#include <tendril/local.hpp>

namespace {
tendril::Local<int> x;
tendril::Local<int> y;
}  // namespace

int main() {
    const auto f1 = tendril::spawn([] {
        x = 1;
        std::printf("%d\n", *x);
    });
    const auto f2 = tendril::spawn([] {
        y = 2;
        std::printf("%d\n", *y);
        if (!x.has_value()) {
            std::puts("x is not local to f2");
        }
    });
    tendril::join_all({f1, f2});
}
