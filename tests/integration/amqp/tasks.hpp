// SPDX-License-Identifier: MIT
//
// The tasks of the tests of Pool and Worker, which they and the program amqp_worker know.

#pragma once

#include <csignal>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>

#include <tendril/amqp/msgpack.hpp>
#include <tendril/amqp/task.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/shared_semaphore.hpp>

namespace tendril::amqp::testing {

inline std::string shout(const std::string& text) {
    if (text == "bad") {
        throw std::runtime_error("cannot shout '" + text + "'");
    }
    std::string loud = text;
    for (char& c : loud) {
        c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    }
    return loud;
}

inline int add(int a, int b) {
    return a + b;
}

inline void die() {
    std::raise(SIGKILL);
}

// Fails the first time.
inline std::string at_second(const std::string& text) {
    if (current_task().attempt < 2) {
        throw std::runtime_error("not yet");
    }
    return text + " at attempt " + std::to_string(current_task().attempt);
}

inline int nap(int milliseconds) {
    progress(0.5);
    sleep(std::chrono::milliseconds(milliseconds));
    return milliseconds;
}

// Waits for a second call. Returns: whether that is in another OS thread of this process.
inline bool meet() {
    static std::mutex mutex;
    static std::optional<std::thread::id> waits;
    static bool different = false;
    static SharedSemaphore met(0);
    {
        const std::scoped_lock lock(mutex);
        if (waits) {
            different = *waits != std::this_thread::get_id();
            waits.reset();
            met.release();
            return different;
        }
        waits = std::this_thread::get_id();
    }
    met.acquire();
    return different;
}

inline constexpr Task shout_task("shout", shout);
inline constexpr Task add_task("add", add);
inline constexpr Task die_task("die", die);
inline constexpr Task at_second_task("at_second", at_second, {.retries = 1});
inline constexpr Task nap_task("nap", nap);
inline constexpr Task meet_task("meet", meet);

}  // namespace tendril::amqp::testing
