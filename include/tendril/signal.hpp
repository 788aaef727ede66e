// SPDX-License-Identifier: MIT
//
// Signals for programs: on_signal() runs a function in a green thread of its own. The Signal watcher beneath it is in
// watchers.hpp. Example: examples/signals.cpp

#pragma once

#include <csignal>
#include <functional>

#include <tendril/site.hpp>
#include <tendril/watchers.hpp>

namespace tendril {

// Runs f(number), in a new green thread of this hub, each time that the signal comes, for as long as what is returned
// lives or until its stop(). Does not keep the hub alive. What f throws goes to the hub's error handler.
// Throws: std::invalid_argument for an empty f, and for a signal that cannot be watched.
[[nodiscard("the signal is watched while this lives")]] Signal on_signal(int number, std::function<void(int)> f,
                                                                         Site where = Site::here());
[[nodiscard]] Signal on_signal(int number, std::function<void()> f, Site where = Site::here());

// Prints dump() of this hub to standard error each time that the signal comes (the terminal's Ctrl-\ sends SIGQUIT),
// for as long as what is returned lives. From the hub, so not while a green thread holds it: see blocking_watch.hpp.
[[nodiscard]] Signal dump_on_signal(int number = SIGQUIT);

}  // namespace tendril
