// SPDX-License-Identifier: MIT
//
// TENDRIL_SCENE(Suite, name) { ... }: a small script of system calls, played with the C library's functions in OS
// threads, and with their hooks in green threads, on every backend; all must see the same. The body is the first
// Party's; it may bring others.
//
// Played plain: each party is an OS thread. Green: all are green threads of one hub. Mixed: the first is a green
// thread, the others are OS threads without a hub, which call the hooks all the same.

#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <tendril/greenlet.hpp>

#include "green_test.hpp"
#include "scene_calls.hpp"

namespace tendril::detail {
struct Fiber;
}  // namespace tendril::detail

namespace tendril::patch::testing {

enum class Way : std::uint8_t { plain, green, mixed };

class Scene;

// One that acts in a scene, with a log of its own of what it saw.
class Party {
public:
    const SceneCalls& call;
    const Way way;

    Party(Scene& scene, Way w, bool first);

    // Notes what a call returned, and errno, which must be 0 after a success: call it around the call itself.
    // Returns: the result.
    long saw(std::string_view what, long result);
    // ... and the bytes that it stored, as many as `result` says.
    long saw(std::string_view what, long result, const char* bytes);
    // ... for a call that returns a new descriptor, whose number does not count. The scene closes it.
    int saw_descriptor(std::string_view what, int fd);
    void note(std::string_view text);
    // Notes whether `least` has passed since then, and not 5 s more. Only a green thread can be too early.
    void noted_span(std::chrono::steady_clock::time_point since, std::chrono::milliseconds least);

    // Brings another party. Returns it; the scene joins it after the end of the script, so `act` captures by value.
    Party& bring(std::function<void(Party&)> act);
    // Waits until the other has ended.
    void join(Party& other);
    // Waits until the other waits in a call that blocks it; notes it if that has ended instead.
    void until_waits(const Party& other);
    // Lets time pass for this party only.
    void pause(std::chrono::milliseconds span);
    // Sends it a signal, as to its OS thread.
    void signal(const Party& other, int number);
    bool green() const noexcept { return fiber_ != nullptr; }
    Party& first();

    // What scenes need. The scene closes the descriptors.
    struct Two {
        int a;
        int b;
    };
    Two pipe(int flags = 0);  // reads from a, writes to b
    Two socket_pair(int type = SOCK_STREAM);
    Two tcp_pair();
    int listener(int backlog = 8);                       // on loopback
    int keep(int fd);                                    // lets the scene close it. Throws: std::system_error for -1
    int close(int fd);                                   // notes what close() returned
    std::size_t fill(int fd, std::size_t n = SIZE_MAX);  // writes until it would block. Returns: the bytes written

private:
    friend class Scene;
    void begin();

    Scene& scene_;
    const bool first_;
    std::vector<std::string> log_;
    ::tendril::detail::Fiber* volatile fiber_ = nullptr;
    volatile int thread_ = 0;
    volatile bool ended_ = false;
    std::thread os_thread_;
    Greenlet<void> greenlet_;
};

// One play.
class Scene {
public:
    explicit Scene(Way way) : way_(way), first_(*this, way, true) {}
    // Returns: what all parties saw, in the order in which they came.
    std::vector<std::string> play(void (*script)(Party&));

private:
    friend class Party;
    Party& bring(std::function<void(Party&)> act);

    const Way way_;
    Party first_;
    std::vector<std::unique_ptr<Party>> others_;
    std::set<int> descriptors_;
};

// Plays it in all ways and compares. For the green thread of a TENDRIL_TEST.
void compare_with_plain(void (*script)(Party&));

// An address that must not be read or written; the compiler does not know.
inline char* nowhere() {
    static char* volatile address = nullptr;
    return address;
}

inline timespec to_timespec(std::chrono::nanoseconds span) {
    return {.tv_sec = span.count() / 1'000'000'000, .tv_nsec = span.count() % 1'000'000'000};
}

}  // namespace tendril::patch::testing

#define TENDRIL_SCENE(suite, name)                                                             \
    static void suite##_##name##_scene([[maybe_unused]] ::tendril::patch::testing::Party& me); \
    TENDRIL_TEST(suite, name) {                                                                \
        ::tendril::patch::testing::compare_with_plain(&suite##_##name##_scene);                \
    }                                                                                          \
    static void suite##_##name##_scene([[maybe_unused]] ::tendril::patch::testing::Party& me)
