// SPDX-License-Identifier: MIT
//
// posix_cxx: threads of the C++ library that wait while they handle exceptions, and a future with one.

#include <chrono>
#include <condition_variable>
#include <exception>
#include <future>
#include <iostream>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;

// 300 threads, each of which waits in a handler; the exceptions of all are in flight at once.
void throw_and_wait() {
    std::mutex mutex;
    std::condition_variable changed;
    int turn = 0;
    long sum = 0;
    const auto live = [&](int i) {
        try {
            try {
                std::this_thread::sleep_for(std::chrono::milliseconds(i % 7));
                throw std::runtime_error(std::to_string(i));
            } catch (const std::exception&) {
                std::this_thread::sleep_for(std::chrono::milliseconds(i * 5 % 11));
                throw;
            }
        } catch (const std::runtime_error& error) {
            const std::lock_guard lock(mutex);
            sum += std::stoi(error.what()) == i ? i : -1'000'000;
        }
        std::unique_lock lock(mutex);
        changed.wait(lock, [&] { return turn == i; });
        ++turn;
        changed.notify_all();
    };
    std::vector<std::thread> threads;
    for (int i = 0; i < 300; ++i) {
        threads.emplace_back(live, i);
    }
    for (std::thread& each : threads) {
        each.join();
    }
    std::cout << "sum " << sum << ", turns " << turn << std::endl;
}

void ask_futures() {
    auto value = std::async(std::launch::async, [] {
        std::this_thread::sleep_for(30ms);
        return 7;
    });
    auto error = std::async(std::launch::async, []() -> int {
        std::this_thread::sleep_for(10ms);
        throw std::logic_error("an error");
    });
    std::cout << "value " << value.get();
    try {
        error.get();
    } catch (const std::logic_error& thrown) {
        std::cout << ", " << thrown.what() << std::endl;
    }
}

}  // namespace

int main() {
    throw_and_wait();
    ask_futures();
    std::thread([] { std::this_thread::sleep_for(1h); }).detach();
}
