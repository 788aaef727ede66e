// SPDX-License-Identifier: MIT
//
// A program that patches itself and then uses the C++ library's threads: they are green threads of the main OS thread,
// which wait for each other in conditions, futures and the initialisation of a static.
// Status 0: all of that went well.

#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <filesystem>
#include <future>
#include <iterator>
#include <mutex>
#include <thread>
#include <vector>

#include <tendril/greenlet.hpp>
#include <tendril/patch/patch.hpp>

using namespace std::chrono_literals;

namespace {

int initialisations = 0;

int made_once() {
    static const int value = [] {
        std::this_thread::sleep_for(5ms);
        return ++initialisations;
    }();
    return value;
}

}  // namespace

int main() {
    alarm(60);         // for a wait that blocks the OS thread
    tendril::yield();  // makes the hub: threads of an OS thread without one stay OS threads
    tendril::patch::all();
    constexpr int count = 100;
    std::mutex mutex;
    std::condition_variable changed;
    int waiting = 0;
    bool go = false;
    int sum = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < count; ++i) {
        threads.emplace_back([&] {
            std::unique_lock lock(mutex);
            ++waiting;
            changed.notify_all();
            changed.wait(lock, [&] { return go; });
            lock.unlock();
            const int one = made_once();
            lock.lock();
            sum += one;
        });
    }
    {
        std::unique_lock lock(mutex);
        changed.wait(lock, [&] { return waiting == count; });
        go = true;
    }
    const auto os_threads = std::distance(std::filesystem::directory_iterator("/proc/self/task"), {});
    changed.notify_all();
    auto later = std::async(std::launch::async, [] {
        std::this_thread::sleep_for(5ms);
        return 7;
    });
    const bool pending = later.wait_for(1ms) == std::future_status::timeout;
    for (std::thread& thread : threads) {
        thread.join();
    }
    std::printf("sum %d, OS threads %d, pending %d\n", sum, static_cast<int>(os_threads), pending);
    return sum == count && os_threads <= 2 && pending && later.get() == 7 && initialisations == 1 ? 0 : 1;
}
