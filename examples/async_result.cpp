// SPDX-License-Identifier: MIT
//
// An AsyncResult: one green thread sets it, another waits for it.

#include <chrono>
#include <cstdio>
#include <string>

#include <tendril/async_result.hpp>
#include <tendril/greenlet.hpp>

using namespace std::chrono_literals;

int main() {
    const tendril::AsyncResult<std::string> greeting;
    const auto setter = tendril::spawn([greeting] {
        tendril::sleep(20ms);
        greeting.set("Hello!");
    });
    const auto waiter = tendril::spawn([greeting] { std::puts(greeting.get().c_str()); });
    tendril::join_all({setter, waiter}, {.raise_error = true});
}
