// SPDX-License-Identifier: MIT
//
// Event and Semaphore, links and kills of green threads. eventlet's Event carries a value, so it is an AsyncResult
// here.

#include <chrono>
#include <cstdio>
#include <mutex>
#include <stdexcept>
#include <string>

#include <tendril/async_result.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/pool.hpp>
#include <tendril/semaphore.hpp>

using namespace std::chrono_literals;

const char* truth(bool value) {
    return value ? "True" : "False";
}

int main() {
    const tendril::AsyncResult<std::string> ready;
    tendril::spawn_n([&] {
        tendril::sleep(10ms);
        ready.set("a value");
    });
    const bool before = ready.ready();
    const std::string value = ready.get();
    std::printf("%s %s %s\n", truth(before), value.c_str(), truth(ready.ready()));

    const tendril::AsyncResult<int> failed;
    failed.set_exception(std::invalid_argument("an error"));
    try {
        failed.get();
    } catch (const std::invalid_argument& error) {
        std::puts(error.what());
    }

    tendril::Semaphore two(2);
    tendril::Pool pool;
    for (int n = 0; n < 3; ++n) {
        pool.spawn_n([&two, n] {
            {
                const std::lock_guard permit(two);
                std::printf("%d holds it\n", n);
                tendril::sleep();
            }
            std::printf("%d let go\n", n);
        });
    }
    pool.wait_all();

    const auto linked = tendril::spawn([] { return "a result"; });
    const tendril::Link link = linked.link([&](const auto&) { std::printf("linked: %s\n", linked.get()); });
    linked.get();

    struct Cleanup {
        ~Cleanup() { std::puts("cleaned up"); }
    };
    const auto sleeping = tendril::spawn([] {
        const Cleanup cleanup;  // `finally`
        tendril::sleep(10s);
    });
    tendril::sleep();
    sleeping.kill();
    if (sleeping.killed()) {
        std::puts("killed");
    }
}
