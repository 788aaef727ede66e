// SPDX-License-Identifier: MIT
//
// Code that blocks or computes for long goes to another OS thread; the green threads here go on meanwhile.

#include <atomic>
#include <chrono>
#include <cstdio>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>

#include <tendril/greenlet.hpp>
#include <tendril/thread_pool.hpp>

using namespace std::chrono_literals;

// Blocks its OS thread until the green threads have counted to ten.
static std::string blocking_call(const std::string& name, const std::atomic<int>& counter) {
    while (counter < 10) {
        std::this_thread::sleep_for(1ms);
    }
    return "greetings to " + name;
}

int main() {
    static std::atomic<int> counter{0};
    const auto ticker = tendril::spawn([] {
        for (; counter < 10; ++counter) {
            tendril::sleep(1ms);
        }
        std::puts("counted to ten");
    });
    std::puts(tendril::offload(blocking_call, "offload", std::cref(counter)).c_str());
    ticker.join();

    tendril::ThreadPool pool(2);
    const auto square = pool.spawn([](int x) { return x * x; }, 12);  // does not wait
    const auto fails = pool.spawn([]() -> int { throw std::runtime_error("no luck"); });
    std::printf("12 squared is %d\n", square.get());
    try {
        fails.get();
    } catch (const std::runtime_error& e) {
        std::printf("the job threw: %s\n", e.what());
    }
    try {
        pool.apply(5ms, [] { std::this_thread::sleep_for(50ms); });
    } catch (const tendril::TimeoutError&) {
        std::puts("gave up; the job goes on, and the pool waits for it");
    }
}
