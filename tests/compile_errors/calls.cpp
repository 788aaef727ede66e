// SPDX-License-Identifier: MIT
//
// Each line that ends with "error: text" must not compile, for that one reason and no other. See check.py.

#include <unistd.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <tendril/async_result.hpp>
#include <tendril/group.hpp>
#include <tendril/hub.hpp>
#include <tendril/pile.hpp>
#include <tendril/pool.hpp>
#include <tendril/signal.hpp>
#include <tendril/spawn_after_local.hpp>
#include <tendril/thread_pool.hpp>
#include <tendril/timeout.hpp>
#include <tendril/watchers.hpp>

using namespace tendril;
using namespace std::chrono_literals;

// clang-format off
void wrong_calls() {
    std::string text;
    const SpawnOptions named{.name = "x"};

    spawn([](int) {});                 // error: cannot be called with these arguments
    spawn([](int) {}, text);           // error: cannot be called with these arguments
    spawn([](std::string&) {}, text);  // error: pass std::ref(x)
    spawn([](int) {}, 1, 2);           // error: cannot be called with these arguments
    spawn({.name = "x"}, [](int) {});  // error: cannot be called with these arguments
    spawn(named, [](int) {}, text);                  // error: cannot be called with these arguments
    spawn_n([](std::string&) {}, text);            // error: cannot be called with these arguments
    spawn_n(named, [](int) {});                    // error: cannot be called with these arguments
    spawn_after(1s, [](int) {});                   // error: cannot be called with these arguments
    spawn_after(named, 1s, [](int) {});            // error: cannot be called with these arguments
    spawn_after(5, [] {});                         // error: give the delay a unit
    spawn_after_local(1s, [](int) {});             // error: cannot be called with these arguments
    const int number = offload([](int) {}, text);  // error: cannot be called with these arguments
    const auto nothing = offload(2s, [](std::string&) {}, text);  // error: cannot be called with these arguments
    with_timeout(1s, [](int) {});        // error: f cannot be called with these arguments
    spawn([](int& n) { n = 1; }, 1);     // error: cannot be called with these arguments
    spawn(&std::string::size, 5);        // error: cannot be called with these arguments
    spawn(5);                            // error: cannot be called with these arguments
}

void wrong_calls_of_members() {
    std::vector<std::string> texts;
    Group group;
    Pool pool;
    Pile<int> pile;
    ThreadPool threads;

    group.spawn([](int) {});                 // error: cannot be called with these arguments
    group.spawn({.name = "x"}, [](int) {});  // error: cannot be called with these arguments
    group.spawn_n([](int) {}, "text");       // error: cannot be called with these arguments
    group.apply([](int) {});                 // error: cannot be called with these arguments
    pool.spawn([](int) {});                  // error: cannot be called with these arguments
    pool.try_spawn([](int) {});              // error: cannot be called with these arguments
    group.map([](int) {}, texts);            // error: cannot be called with the items of the input
    pool.imap([](int) {}, texts);            // error: cannot be called with the items of the input
    pool.imap_unordered([](int) {}, texts);  // error: cannot be called with the items of the input
    pile.spawn([](int) {});                  // error: cannot be called with these arguments
    threads.spawn([](int) {});               // error: cannot be called with these arguments
    threads.apply([](int) {});               // error: cannot be called with these arguments
    threads.apply(1s, [](int) {});           // error: cannot be called with these arguments
    group.apply_async([](int) {});           // error: cannot be called with these arguments
    threads.map([](int) {}, texts);          // error: cannot be called with the items of the input
    threads.map([n = 0](const std::string&) mutable { ++n; }, texts);  // error: it must be callable as const
}

void wrong_callbacks() {
    const auto once = [p = std::make_unique<int>(1)] {};
    const auto thread = spawn([] {});
    const AsyncResult<int> result;

    thread.link([](std::string) {}).keep();                     // error: this callback cannot be called
    thread.link_value([] {}).keep();                            // error: this callback cannot be called
    result.link([] {}).keep();                                  // error: this callback cannot be called
    const auto on_signal_1 = on_signal(2, [](std::string) {});  // error: called as f(number) or f()
    Timer timer(1s, [](std::string) {});                        // error: this callback cannot be called
    Timer second(1s, std::move(once));                          // error: a callback must be copyable
    Io io(0, IoEvents::read, [] {});                            // error: this callback cannot be called
    Idle idle_watcher([](std::string) {});                      // error: this callback cannot be called
    Async async([](std::string) {});                            // error: this callback cannot be called
}

void no_unit() {
    sleep(1);            // error: give a unit
    sleep(0.5);          // error: give a unit
    sleep(1L);           // error: give a unit
    sleep(1U);           // error: ambiguous
    tendril::sleep(1U);  // error: deleted function
}

// clang-format on

// What must compile.
void right_calls() {
    std::string text;
    const SpawnOptions named{.name = "x"};
    SpawnOptions variable{.name = "y"};
    spawn([](const std::string&) {}, text);
    spawn([](std::string&) {}, std::ref(text));
    spawn([](int) {}, 1, Site::here());
    spawn([] {}, Site::here());
    spawn(named, [] {});
    spawn(variable, [] {});
    spawn_n(
        variable, [](int) {}, 1);
    spawn_after(named, 1s, [] {});
    spawn(
        {.name = "z"}, [](int, int, int, int, int) {}, 1, 2, 3, 4, 5);
    offload(1s, [] {});
    Timer timer(1s, nullptr);
    Timer::Callback callback = [] {};
    Timer second(1s, callback);
}
