// SPDX-License-Identifier: MIT
//
// One green thread waits for the value that another sets.

#include <chrono>
#include <cstdio>
#include <string>

#include <tendril/async_result.hpp>
#include <tendril/event.hpp>
#include <tendril/greenlet.hpp>

using namespace std::chrono_literals;

int main() {
    const tendril::AsyncResult<std::string> result;
    tendril::Event event;

    const auto setter = tendril::spawn([&] {
        tendril::sleep(100ms);
        result.set("Hello!");
        event.set();
    });
    const auto waiter = tendril::spawn([&] {
        std::puts(result.get().c_str());
        event.wait();
        std::puts("I live!");
    });
    tendril::join_all({setter, waiter});
}
