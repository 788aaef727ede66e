// SPDX-License-Identifier: MIT
// Floor: process
//
// Signals for programs: on_signal() runs a function in a green thread of its own. The Signal watcher beneath it is in
// watchers.hpp. Example: examples/signals.cpp

#pragma once

#include <concepts>
#include <csignal>
#include <functional>
#include <type_traits>

#include <tendril/site.hpp>
#include <tendril/watchers.hpp>

namespace tendril {

// Runs f(number), or f(), in a new green thread of this hub each time that the signal arrives, until the returned
// Signal is destroyed or its stop() is called. Does not keep the hub alive. The hub's error handler gets what f throws.
//
// Like the members of a Group, the green threads in which f runs do not outlive the Signal: leaving its scope waits for
// them, and kills them first if an exception leaves it. So f may refer to objects made before the Signal, and main does
// not end before f has:
//
//     const auto quit = on_signal(SIGINT, [&] { server.stop(5s); std::puts("stopped"); });
//     server.serve();                 // returns when the server has stopped; then main waits for the line above
//
// A Signal that f itself destroys waits only for the other green threads; one that a callback of the hub destroys, for
// none.
// Throws: std::invalid_argument for an empty f, and for a signal that cannot be watched.
[[nodiscard("the signal is watched while this lives")]] Signal on_signal(int number, std::function<void(int)> f,
                                                                         Site where = Site::here());
[[nodiscard("the signal is watched while this lives")]] Signal on_signal(int number, std::function<void()> f,
                                                                         Site where = Site::here());
template <class F>
requires(!std::convertible_to<F, std::function<void(int)>> && !std::convertible_to<F, std::function<void()>>) Signal
    on_signal(int number, F&&) {
    static_assert(std::is_invocable_v<F>,
                  "tendril::on_signal: the function is called as f(number) or f(), and is copied");
    return on_signal(number, std::function<void()>());
}

// Prints dump() of this hub to standard error each time that the signal arrives (the terminal's Ctrl-\ sends SIGQUIT),
// until the returned Signal is destroyed. The hub prints it, so not while a green thread holds the hub: see
// blocking_watch.hpp. Throws: as on_signal().
[[nodiscard]] Signal dump_on_signal(int number = SIGQUIT);

}  // namespace tendril
