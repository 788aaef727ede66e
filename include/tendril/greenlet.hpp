// SPDX-License-Identifier: MIT
// Floor: hub
//
// Green threads: spawn them, wait for them, end them.
//
//     auto page = spawn(fetch, url);        // runs when this green thread next yields
//     ...
//     use(page.get());                      // waits for it; its value, or its exception
//
// All of this belongs to one OS thread: a green thread never leaves the one it was spawned in, and its handles must
// stay there too (WrongThread otherwise). Examples: examples/hello.cpp, examples/kill.cpp

#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <initializer_list>
#include <memory>
#include <ranges>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <tendril/deadline.hpp>
#include <tendril/detail/hub/callback.hpp>
#include <tendril/detail/hub/record.hpp>
#include <tendril/detail/hub/spawn.hpp>
#include <tendril/detail/hub/yield_here.hpp>
#include <tendril/error.hpp>
#include <tendril/link.hpp>
#include <tendril/site.hpp>

namespace tendril {

// A shared reference to a green thread, whatever its result. Copying is cheap. Dropping it does not affect the green
// thread.
class AnyGreenlet {
public:
    // What link() takes: a function of the green thread that has ended.
    using Callback = detail::Callback<void(const AnyGreenlet&)>;

    // An empty handle: its states are false; functions that wait or act throw std::logic_error.
    AnyGreenlet() = default;

    // Waits for its end.
    // Returns: false if the deadline came first.
    // Yields: unless it has already ended. Throws: std::logic_error for the running green thread itself; Interrupt;
    // WrongThread.
    bool join() const { return detail::await_end(record_, never); }
    [[nodiscard("it says whether it ended in time")]] bool join(Deadline deadline) const {
        return detail::await_end(record_, deadline);
    }

    // Throws GreenletExit (or `error`) inside it, at the place where it waits, and waits for its end. If it has not
    // begun, it never does. If it has ended, nothing changes. The kill is thrown once, and not while the target unwinds
    // or holds a Shield; the target may catch it and live on. A second kill before the first was thrown is dropped. On
    // the running green thread itself: throws here, at once.
    // Returns: false if the deadline came before its end.
    // Throws: Interrupt, when the caller is killed or timed out while it waits; std::logic_error for an empty handle;
    // WrongThread.
    bool kill(Deadline deadline = never) const;
    bool kill(std::exception_ptr error, Deadline deadline = never) const;

    // Kills it without waiting for its end: takes effect when the caller next yields. On the running green thread
    // itself: throws here, at once.
    void kill_nowait() const;
    void kill_nowait(std::exception_ptr error) const;

    // Prevents it from beginning. Returns: false if it has already begun; nothing happens then.
    bool cancel() const;

    // Calls callback(*this) in the hub once it has ended, also if it already has; callbacks run in the order in which
    // they were linked. The callback must not wait (HubBlocked); the hub's error handler gets what it throws. The Link
    // unlinks when it is destroyed.
    // Throws: std::invalid_argument for an empty callback.
    [[nodiscard("a Link unlinks when it goes: give it a name, or keep() it")]] Link link(Callback callback) const;
    [[nodiscard]] Link link_value(Callback callback) const;      // only if it ended by a value
    [[nodiscard]] Link link_exception(Callback callback) const;  // only if it ended by an error or was killed

    bool started() const noexcept;     // its body has begun
    bool ready() const noexcept;       // it has ended: by a value, by an error, or killed
    bool successful() const noexcept;  // ... by a value
    bool killed() const noexcept;      // ... by GreenletExit

    // Returns the error that ended it, or a GreenletKilled; nullptr while it lives and after a value. An error that was
    // asked for counts as handled.
    std::exception_ptr exception() const;

    // For wait() and iwait(): notifies the observer of its end.
    void observe(detail::Observer& observer) const { detail::observe_end(record_, observer); }

    std::uint64_t id() const noexcept;           // unique in the process; 0: empty handle
    std::string_view name() const noexcept;      // as dumps and reports show it; may be empty
    void set_name(std::string_view name) const;  // changes the name. Copies it.
    Site where() const noexcept;                 // where it was spawned

    // Whether it refers to a green thread.
    explicit operator bool() const noexcept { return record_.get() != nullptr; }
    friend bool operator==(const AnyGreenlet& a, const AnyGreenlet& b) noexcept {
        return a.record_.get() == b.record_.get();
    }

protected:
    friend struct detail::HandleMaker;
    friend struct detail::RecordAccess;
    explicit AnyGreenlet(detail::RecordPtr<detail::Record> record) noexcept : record_(std::move(record)) {}
    detail::RecordPtr<detail::Record> record_;
};

// A green thread that returns a T.
template <class T>
class Greenlet : public AnyGreenlet {
public:
    Greenlet() = default;

    // Waits for its end and returns its value, or rethrows the exception that ended it. May be called again, by any
    // number of green threads. T is copied out of an lvalue and moved out of `std::move(g).get()`.
    // Throws: TimeoutError if the deadline came first; GreenletKilled if it was killed; Interrupt.
    std::add_lvalue_reference_t<T> get(Deadline deadline = never) const& {
        detail::await_value(record_, deadline);
        if constexpr (std::is_reference_v<T>) {
            return *static_cast<detail::Result<T>*>(record_.get())->target;
        } else if constexpr (!std::is_void_v<T>) {
            return static_cast<detail::Result<T>*>(record_.get())->value();
        }
    }
    T get(Deadline deadline = never) && {
        if constexpr (std::is_void_v<T>) {
            detail::await_value(record_, deadline);
        } else {
            return static_cast<T>(std::forward<T>(std::as_const(*this).get(deadline)));
        }
    }

private:
    friend struct detail::HandleMaker;
    using AnyGreenlet::AnyGreenlet;
};

// spawn: makes a green thread that runs f(args...), on copies of both, as std::thread makes them. It begins when the
// caller next yields, after all green threads that were ready before; never inline.
// Throws: std::invalid_argument for a stack size out of bounds or a null function; std::system_error if there is no
// stack for it.
// With options (a name, a stack size): spawn({.name = "reader"}, f, args...), or with a SpawnOptions made before.
template <class F, class... A>
auto spawn(const detail::SpawnBraces& options, F&& f, A&&... args) {
    return detail::launch<Greenlet>(options.options(), nullptr, std::forward<F>(f), std::forward<A>(args)...);
}
template <class F, class... A>
auto spawn(const detail::SpawnCall& call, F&& f, A&&... args) {
    return detail::launch<Greenlet>(call.options(), nullptr, std::forward<F>(f), std::forward<A>(args)...);
}

// Without options. Several overloads, to record the place of the call: see detail::SpawnMembers. With four arguments or
// more the place is unknown.
template <class F>
requires detail::Task<F>
auto spawn(F&& f, Site at = Site::here()) {
    return spawn(detail::SpawnBraces{.where = at}, std::forward<F>(f));
}
template <class F, class A>
requires detail::Task<F, A>
auto spawn(F&& f, A&& a, Site at = Site::here()) {
    return spawn(detail::SpawnBraces{.where = at}, std::forward<F>(f), std::forward<A>(a));
}
template <class F, class A, class B>
requires detail::Task<F, A, B>
auto spawn(F&& f, A&& a, B&& b, Site at = Site::here()) {
    return spawn(detail::SpawnBraces{.where = at}, std::forward<F>(f), std::forward<A>(a), std::forward<B>(b));
}
template <class F, class A, class B, class C>
requires detail::Task<F, A, B, C>
auto spawn(F&& f, A&& a, B&& b, C&& c, Site at = Site::here()) {
    return spawn(detail::SpawnBraces{.where = at}, std::forward<F>(f), std::forward<A>(a), std::forward<B>(b),
                 std::forward<C>(c));
}
template <detail::Function F, class... A>
auto spawn(F&& f, A&&... args) {
    return spawn(detail::SpawnBraces{.where = {}}, std::forward<F>(f), std::forward<A>(args)...);
}

// spawn_n: like spawn, without a handle or a result: the cheapest way. The hub's error handler gets what f throws.
template <class F, class... A>
void spawn_n(const detail::SpawnBraces& options, F&& f, A&&... args) {
    detail::launch_alone(options.options(), std::forward<F>(f), std::forward<A>(args)...);
}
template <class F, class... A>
void spawn_n(const detail::SpawnCall& call, F&& f, A&&... args) {
    detail::launch_alone(call.options(), std::forward<F>(f), std::forward<A>(args)...);
}
template <class F>
requires detail::Task<F>
void spawn_n(F&& f, Site at = Site::here()) {
    spawn_n(detail::SpawnBraces{.where = at}, std::forward<F>(f));
}
template <class F, class A>
requires detail::Task<F, A>
void spawn_n(F&& f, A&& a, Site at = Site::here()) {
    spawn_n(detail::SpawnBraces{.where = at}, std::forward<F>(f), std::forward<A>(a));
}
template <class F, class A, class B>
requires detail::Task<F, A, B>
void spawn_n(F&& f, A&& a, B&& b, Site at = Site::here()) {
    spawn_n(detail::SpawnBraces{.where = at}, std::forward<F>(f), std::forward<A>(a), std::forward<B>(b));
}
template <detail::Function F, class... A>
void spawn_n(F&& f, A&&... args) {
    spawn_n(detail::SpawnBraces{.where = {}}, std::forward<F>(f), std::forward<A>(args)...);
}

// spawn_after: like spawn, but begins when `delay` has passed. If it is cancelled or killed before that, it never runs.
template <class F, class... A>
auto spawn_after(const detail::SpawnBraces& options, Deadline delay, F&& f, A&&... args) {
    return detail::launch<Greenlet>(options.options(), &delay, std::forward<F>(f), std::forward<A>(args)...);
}
template <class F, class... A>
auto spawn_after(const detail::SpawnCall& call, Deadline delay, F&& f, A&&... args) {
    return detail::launch<Greenlet>(call.options(), &delay, std::forward<F>(f), std::forward<A>(args)...);
}
template <class F>
requires detail::Task<F>
auto spawn_after(Deadline delay, F&& f, Site at = Site::here()) {
    return spawn_after(detail::SpawnBraces{.where = at}, delay, std::forward<F>(f));
}
template <class F, class A>
requires detail::Task<F, A>
auto spawn_after(Deadline delay, F&& f, A&& a, Site at = Site::here()) {
    return spawn_after(detail::SpawnBraces{.where = at}, delay, std::forward<F>(f), std::forward<A>(a));
}
template <detail::Function F, class... A>
auto spawn_after(Deadline delay, F&& f, A&&... args) {
    return spawn_after(detail::SpawnBraces{.where = {}}, delay, std::forward<F>(f), std::forward<A>(args)...);
}
template <class Number, class F, class... A>
requires std::is_arithmetic_v<Number>
void spawn_after(Number, F&&, A&&...) {
    static_assert(!std::is_arithmetic_v<Number>, "tendril::spawn_after: give the delay a unit, as in 1s or 20ms");
}

// Returns a handle of the running green thread; on the OS thread's own stack, that is the main one.
AnyGreenlet current();

// Lets every other ready green thread run first. Throws: Interrupt; HubBlocked inside a callback.
inline void yield() {
    detail::yield_here();
}

// Suspends the running green thread until the deadline, never for less; sleep() and sleep(0s) are yield(). Throws:
// Interrupt; HubBlocked inside a callback.
void sleep(Deadline deadline);
inline void sleep() {
    yield();
}
template <class Rep, class Period>
void sleep(std::chrono::duration<Rep, Period> duration) {
    if (duration == duration.zero()) {
        yield();
    } else {
        sleep(Deadline(duration));
    }
}

// Without these, after `using namespace tendril`, sleep(1) would call unistd.h's, which stops the whole hub.
template <class Number>
requires std::is_arithmetic_v<Number>
void sleep(Number) {
    static_assert(!std::is_arithmetic_v<Number>, "tendril::sleep: give a unit, as in sleep(1s) or sleep(20ms)");
}
void sleep(unsigned give_a_unit_as_in_sleep_1s) = delete;

// Waits until no other green thread is ready to run. Throws: Interrupt; HubBlocked inside a callback.
void idle();

// Options of join_all() and its like.
struct JoinOptions {
    Deadline deadline = never;     // for all of the call
    std::size_t count = SIZE_MAX;  // return when this many have ended
    bool raise_error = false;      // rethrow the first failure, in the order of their ends, as soon as there is one
};

namespace detail {
std::size_t join_some(const AnyGreenlet* const* targets, std::size_t n, const JoinOptions& options);
// Returns: how many are left of them. wait: false: of any but the running one, all.
std::size_t kill_some(const AnyGreenlet* const* targets, std::size_t n, const std::exception_ptr& error, bool wait,
                      Deadline deadline);
}  // namespace detail

// Waits until all have ended, or JoinOptions says otherwise. Returns: how many have ended; a duplicate counts again.
// Throws: Interrupt; with raise_error, the first failure; std::logic_error for an empty handle, or the running green
// thread.
template <std::ranges::input_range Range>
std::size_t join_all(Range&& greenlets, const JoinOptions& options = {}) {
    const detail::HandlesOf<AnyGreenlet, Range> targets(greenlets);
    return detail::join_some(targets.data(), targets.size(), options);
}
template <std::ranges::input_range Range>
std::size_t join_all(Range&& greenlets, Deadline deadline) {
    return join_all(std::forward<Range>(greenlets), JoinOptions{.deadline = deadline});
}
inline std::size_t join_all(std::initializer_list<AnyGreenlet> greenlets, const JoinOptions& options = {}) {
    return join_all(std::vector(greenlets), options);
}

// Kills all, then waits for their ends. If the calling green thread is among them, it is killed last, after the wait.
// Returns: how many of the others still live at the deadline. Throws: Interrupt; std::logic_error for an empty handle.
// With `error`, that is thrown in them in place of GreenletExit.
template <std::ranges::input_range Range>
std::size_t kill_all(Range&& greenlets, Deadline deadline = never) {
    const detail::HandlesOf<AnyGreenlet, Range> targets(greenlets);
    return detail::kill_some(targets.data(), targets.size(), nullptr, true, deadline);
}
template <std::ranges::input_range Range>
std::size_t kill_all(Range&& greenlets, const std::exception_ptr& error, Deadline deadline = never) {
    const detail::HandlesOf<AnyGreenlet, Range> targets(greenlets);
    return detail::kill_some(targets.data(), targets.size(), error, true, deadline);
}
inline std::size_t kill_all(std::initializer_list<AnyGreenlet> greenlets, Deadline deadline = never) {
    return kill_all(std::vector(greenlets), deadline);
}
inline std::size_t kill_all(std::initializer_list<AnyGreenlet> greenlets, const std::exception_ptr& error,
                            Deadline deadline = never) {
    return kill_all(std::vector(greenlets), error, deadline);
}

// The same without waiting for their ends: the kills take effect when the caller next yields. If the calling green
// thread is among them, it is killed last: throws then. Never yields.
template <std::ranges::input_range Range>
void kill_all_nowait(Range&& greenlets, const std::exception_ptr& error = nullptr) {
    const detail::HandlesOf<AnyGreenlet, Range> targets(greenlets);
    detail::kill_some(targets.data(), targets.size(), error, false, never);
}
inline void kill_all_nowait(std::initializer_list<AnyGreenlet> greenlets, const std::exception_ptr& error = nullptr) {
    kill_all_nowait(std::vector(greenlets), error);
}

}  // namespace tendril
