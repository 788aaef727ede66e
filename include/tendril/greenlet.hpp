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
// stay there too. Examples: examples/hello.cpp, examples/kill.cpp

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
#include <tendril/error.hpp>
#include <tendril/link.hpp>
#include <tendril/site.hpp>

namespace tendril {

// A shared reference to a green thread, whatever its result. Copying is cheap; dropping it changes nothing for the
// thread.
class AnyGreenlet {
public:
    using Callback = detail::Callback<void(const AnyGreenlet&)>;

    AnyGreenlet() = default;  // refers to none: its states are false, and what waits or acts throws std::logic_error

    // Waits for its end. Returns: false when the deadline came first.
    // Yields: unless it has ended. Throws: std::logic_error for oneself; Interrupt; WrongThread.
    bool join() const { return detail::await_end(record_, never); }
    [[nodiscard("it says whether it ended in time")]] bool join(Deadline deadline) const {
        return detail::await_end(record_, deadline);
    }

    // Throws GreenletExit (or `error`) inside it, at the place where it waits, and waits for its end. One that has
    // not begun never will. One that has ended stays as it ended. Delivered once: it may catch it and live on; and
    // only when it is neither unwinding nor in a Shield. A second kill before the first was delivered is the same
    // kill. Oneself: thrown here, at once.
    // Returns: false when the deadline came before its end.
    bool kill(Deadline deadline = never) const;
    bool kill(std::exception_ptr error, Deadline deadline = never) const;

    // Asks only; takes effect when the caller next yields.
    void kill_nowait() const;
    void kill_nowait(std::exception_ptr error) const;

    // Prevents it from beginning. Returns: false when it had begun already; nothing happens then.
    bool cancel() const;

    // callback(*this) in the hub once it has ended, in the order the links were added; also when it has ended
    // already. It must not wait. What it throws goes to the hub's error handler. The Link unlinks when it is
    // destroyed.
    [[nodiscard("a Link unlinks when it goes: give it a name, or keep() it")]] Link link(Callback callback) const;
    [[nodiscard]] Link link_value(Callback callback) const;      // only when it ended by a value
    [[nodiscard]] Link link_exception(Callback callback) const;  // only when it ended by an error or was killed

    bool started() const noexcept;     // its body has begun
    bool ready() const noexcept;       // it has ended: by a value, by an error, or killed
    bool successful() const noexcept;  // ... by a value
    bool killed() const noexcept;      // ... by GreenletExit

    // What ended it: the error, or a GreenletKilled; nullptr while it lives and after a value.
    std::exception_ptr exception() const;

    // For wait() and iwait().
    void observe(detail::Observer& observer) const { detail::observe_end(record_, observer); }

    std::uint64_t id() const noexcept;  // unique in the process
    std::string_view name() const noexcept;
    void set_name(std::string_view name) const;
    Site where() const noexcept;  // it was spawned

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

    // Waits for its end and returns its value, or rethrows the exception that ended it; again and again, to every
    // asker. T is copied out of an lvalue and moved out of `std::move(g).get()`.
    // Throws: TimeoutError when the deadline came first; GreenletKilled when it was killed; Interrupt.
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

// spawn: a green thread that runs f(args...), on copies of both as std::thread makes them. It begins when the caller
// next yields, after all that were ready before; never inline.
// Throws: std::invalid_argument for a stack size out of bounds; std::system_error when there is no stack for it.
// With options (a name, a stack size): spawn({.name = "reader"}, f, args...), or SpawnOptions that were made before.
template <class F, class... A>
auto spawn(const detail::SpawnBraces& options, F&& f, A&&... args) {
    return detail::launch<Greenlet>(options.options(), nullptr, std::forward<F>(f), std::forward<A>(args)...);
}
template <class F, class... A>
auto spawn(const detail::SpawnCall& call, F&& f, A&&... args) {
    return detail::launch<Greenlet>(call.options(), nullptr, std::forward<F>(f), std::forward<A>(args)...);
}

// Without options. Several, for the place of the call: see detail::SpawnMembers. It is unknown with four arguments and
// more.
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

// spawn_n: no handle, no result: the cheapest. What it throws goes to the hub's error handler.
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

// spawn_after: begins when `delay` has passed. cancel() or kill() before that, and it never runs.
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

// The green thread that runs; in the OS thread's own stack, the main one.
AnyGreenlet current();

// Lets every other green thread that is ready run first. Yields. Throws: Interrupt.
void yield();

// Suspends the running green thread until the deadline, never shorter; sleep() and sleep(0s) are yield().
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

// Without these, `using namespace tendril; sleep(1);` would be unistd.h's, which stops the hub.
template <class Number>
requires std::is_arithmetic_v<Number>
void sleep(Number) {
    static_assert(!std::is_arithmetic_v<Number>, "tendril::sleep: give a unit, as in sleep(1s) or sleep(20ms)");
}
void sleep(unsigned give_a_unit_as_in_sleep_1s) = delete;

// Waits until nothing else is ready to run.
void idle();

struct JoinOptions {
    Deadline deadline = never;
    std::size_t count = SIZE_MAX;  // return when so many have ended
    bool raise_error = false;      // rethrow the first failure, in the order of their ends, as soon as there is one
};

namespace detail {
std::size_t join_some(const AnyGreenlet* const* targets, std::size_t n, const JoinOptions& options);
std::size_t kill_some(const AnyGreenlet* const* targets, std::size_t n, Deadline deadline);
}  // namespace detail

// Waits for the end of all. Returns: how many have ended; duplicates count once each.
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

// Kills all, then waits for their ends. Returns: how many still live at the deadline.
template <std::ranges::input_range Range>
std::size_t kill_all(Range&& greenlets, Deadline deadline = never) {
    const detail::HandlesOf<AnyGreenlet, Range> targets(greenlets);
    return detail::kill_some(targets.data(), targets.size(), deadline);
}
inline std::size_t kill_all(std::initializer_list<AnyGreenlet> greenlets, Deadline deadline = never) {
    return kill_all(std::vector(greenlets), deadline);
}

}  // namespace tendril
