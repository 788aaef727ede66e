// SPDX-License-Identifier: MIT
// Floor: process
//
// Signals for programs: on_signal() runs a function in a green thread of its own; a SignalSet, or wait_signal(), waits
// for signals in line. The Signal watcher beneath them is in watchers.hpp. Example: examples/signals.cpp

#pragma once

#include <concepts>
#include <csignal>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <type_traits>

#include <tendril/deadline.hpp>
#include <tendril/detail/hub/observer.hpp>
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

// Signals to wait for, in line, like sigwait(3):
//
//     SignalSet signals({SIGHUP, SIGTERM});
//     for (int number; (number = signals.wait()) != SIGTERM;) {
//         load_settings();
//     }
//
// From its construction to its destruction the signals have no other effect (SIGINT throws no KeyboardInterrupt), and
// those that come while no green thread waits are kept: nothing is lost between two calls of wait(). As in the system,
// a signal that comes again before it is taken is the same signal; different ones are taken in the order in which the
// hub noticed them, and those noticed together by their numbers. A set on another hub, a Signal or on_signal() for the
// same number gets the signal too. In the child of a fork() the signals have their former effect until the next wait().
//
// A SignalSet belongs to the OS thread that made it (WrongThread). It keeps the hub from LoopExit only while a green
// thread waits.
class SignalSet {
public:
    // Throws: std::invalid_argument for an empty list, a number twice, and a signal that cannot be watched;
    // std::system_error. Then none is watched.
    explicit SignalSet(std::initializer_list<int> numbers);

    SignalSet(SignalSet&&) noexcept;
    SignalSet& operator=(SignalSet&&) noexcept;
    ~SignalSet();  // forgets the signals that were not taken. Requires: nobody waits. Aborts otherwise

    // Suspends until one of the signals has come, and takes it. Several green threads may wait; one of them gets it.
    // Returns: its number; at once, without yielding, if one was kept.
    // Throws: TimeoutError, Interrupt: nothing is taken, and what comes meanwhile is kept; HubBlocked; std::logic_error
    // if it was moved from, or destroyed by the one that got the signal.
    int wait(Deadline deadline = never);

    // Takes one that was kept. Never waits. The hub notices signals at its turns: one that has just come may be missed.
    std::optional<int> take();

    // For wait() and iwait() of wait.hpp: ready while take() has something to take. Takes nothing.
    bool ready() const noexcept;
    void observe(detail::Observer& observer) const;

private:
    struct State;
    State& use() const;
    std::unique_ptr<State> state_;
};

// Waits for one of the signals, watching them only during this call: before and after it they have their former effect,
// which may be to end the process. To wait more than once use a SignalSet. Returns and throws: as SignalSet's
// constructor and wait().
int wait_signal(std::initializer_list<int> numbers, Deadline deadline = never);

}  // namespace tendril
