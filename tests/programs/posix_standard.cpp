// SPDX-License-Identifier: MIT
//
// A program that uses the threads of the C++ library, each kind of them; prints what came out.

#include <barrier>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <future>
#include <latch>
#include <mutex>
#include <semaphore>
#include <shared_mutex>
#include <thread>
#include <vector>

using namespace std::chrono_literals;

namespace {

constexpr int many = 200;

struct Shared {
    std::mutex mutex;
    std::condition_variable changed;
    bool open = false;
    int passed = 0;
    std::once_flag once;
    int onces = 0;
    std::recursive_mutex recursive;
    std::shared_mutex shared;
    std::timed_mutex timed;
    std::counting_semaphore<10> permits{3};
    std::barrier<> barrier{many};
    std::latch latch{many};
};

void run(Shared& all, int number) {
    std::call_once(all.once, [&] {
        std::this_thread::sleep_for(5ms);
        ++all.onces;
    });
    {
        std::unique_lock lock(all.mutex);
        all.changed.wait(lock, [&] { return all.open; });
        ++all.passed;
    }
    {
        const std::lock_guard outer(all.recursive);
        const std::lock_guard inner(all.recursive);
        std::this_thread::sleep_for(50us);
    }
    if (number % 10 == 0) {
        const std::unique_lock lock(all.shared);
    } else {
        const std::shared_lock lock(all.shared);
        std::this_thread::sleep_for(50us);
    }
    all.permits.acquire();
    std::this_thread::sleep_for(50us);
    all.permits.release();
    all.barrier.arrive_and_wait();
    if (all.timed.try_lock_for(60s)) {
        all.timed.unlock();
    }
    all.latch.count_down();
}

int caught_from_a_task() {
    std::packaged_task<int()> task([]() -> int { throw 5; });
    std::future<int> result = task.get_future();
    std::thread(std::move(task)).detach();
    try {
        return result.get();
    } catch (int number) {
        return number;
    }
}

void stop_one() {
    std::jthread waiting([](const std::stop_token& stop) {
        std::mutex mutex;
        std::condition_variable_any never;
        std::unique_lock lock(mutex);
        never.wait(lock, stop, [] { return false; });
    });
    std::this_thread::sleep_for(5ms);
    waiting.request_stop();
}

bool times_out() {
    std::mutex mutex;
    std::condition_variable never;
    std::unique_lock lock(mutex);
    return never.wait_for(lock, 5ms, [] { return false; });
}

}  // namespace

int main() {
    Shared all;
    std::vector<std::thread> threads;
    for (int i = 0; i < many; ++i) {
        threads.emplace_back(run, std::ref(all), i);
    }
    {
        const std::lock_guard lock(all.mutex);
        all.open = true;
    }
    all.changed.notify_all();
    all.latch.wait();
    stop_one();
    const int async = std::async(std::launch::async, [] {
                          std::this_thread::sleep_for(5ms);
                          return 42;
                      }).get();
    for (std::thread& each : threads) {
        each.join();
    }
    std::printf("passed %d, once %d, async %d, caught %d, timed out %d\n", all.passed, all.onces, async,
                caught_from_a_task(), !times_out());
}
