// SPDX-License-Identifier: MIT
// Floor: context
//
// Context: the raw switch of Python's greenlet, with no scheduler. A context runs only when it is switched to, and
// continues where it switched away. For generators and schedulers of your own; programs that wait for events want
// greenlet.hpp.
//
// A context belongs to the green thread (or plain OS thread) that made it, and only that one may use it. The code
// inside a context may wait like any other; its green thread then waits. A context that is still suspended when its
// green thread ends is unwound then; so is one suspended at exit(), unless exit() is called inside a context or a green
// thread.
// Example: examples/raw_switch.cpp

#pragma once

#include <any>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>

#include <tendril/error.hpp>
#include <tendril/site.hpp>

namespace tendril {

namespace detail {
struct ContextState;
struct OsThread;
}  // namespace detail

// Thrown inside a context to end it. Leaving the context's function by it is a normal end.
class ContextExit : public Interrupt {
public:
    const char* what() const noexcept override;
};

// Thrown by a switch to a context that has ended, or to an empty handle.
class DeadContext : public std::logic_error {
public:
    using std::logic_error::logic_error;
};

// A shared reference to a context. Keeps its record alive, not the context itself.
class ContextRef {
public:
    ContextRef() = default;  // empty

    // Suspends the running context and switches to this one. A fresh context begins with `value` as its argument; a
    // suspended one gets it as the result of its own switch_to().
    // Returns: what the running context is given when another context switches back to it; if a child's end is what
    // switches back, the child's result.
    // Throws: whatever is thrown into the running context meanwhile: an exception that left a child, or one from
    // throw_into(); DeadContext; WrongThread; std::logic_error if the target is the running context, or another green
    // thread's; std::system_error if there is no stack for a fresh one.
    std::any switch_to(std::any value = {}) const;

    // As switch_to(), but the target's own switch_to() throws `error`. A fresh context never runs: it ends, and its
    // parent gets the exception. The parent of an ended context gets it too. Throws: also std::invalid_argument for a
    // null error.
    std::any throw_into(std::exception_ptr error) const;

    // Returns the context that runs when this one ends: the one that made it. Empty for the root, which is the green
    // thread's own stack.
    ContextRef parent() const;

    bool started() const noexcept;      // its function has begun
    bool dead() const noexcept;         // ended, or empty
    std::uint64_t id() const noexcept;  // as a switch observer sees it; 0 if empty

    explicit operator bool() const noexcept { return state_ != nullptr; }  // whether it refers to a context
    friend bool operator==(const ContextRef&, const ContextRef&) = default;

protected:
    friend struct detail::ContextState;
    explicit ContextRef(std::shared_ptr<detail::ContextState> state) noexcept : state_(std::move(state)) {}
    std::shared_ptr<detail::ContextState> state_;
    friend ContextRef current_context();
};

// Options of a Context.
struct ContextOptions {
    std::size_t stack_size = 0;  // rounded up to a power of two, 32 KiB to 1 GiB; 0: see stack_size.hpp
    Site where = {};             // the place named in reports; empty: that of the call
};

// The owner of a context: destroying it ends the context.
class Context : public ContextRef {
public:
    // Gets what the first switch to it brings, and returns what the last one takes back.
    using Function = std::function<std::any(std::any)>;

    Context() = default;

    // Makes a context that will call `run` at its first switch_to().
    // Throws: std::invalid_argument for an empty function or a stack size out of bounds.
    explicit Context(Function run, ContextOptions options = {}, Site at = Site::here());

    Context(Context&&) noexcept = default;
    Context& operator=(Context&& other) noexcept;

    // Unwinds a suspended context now, by a ContextExit. Any other exception it throws meanwhile is reported on
    // standard error. If it switches away again instead of ending, that is reported and its stack is abandoned.
    ~Context();

private:
    void unwind() noexcept;
};

// Returns the running context: the root if no other runs.
ContextRef current_context();

// One switch, as an observer sees it.
struct SwitchEvent {
    enum class Kind { switched, thrown };  // how the other one is entered: with a value, or with an exception
    Kind kind;                             // how
    std::uint64_t from;                    // ids of contexts or green threads
    std::uint64_t to;                      // the one that is entered
};

// Called for each switch of this OS thread, of raw contexts and of green threads, in order, just before it happens.
// Must not throw, switch or wait.
using SwitchObserver = void (*)(const SwitchEvent&) noexcept;
// Sets this OS thread's observer; nullptr: none. Returns: the previous one.
SwitchObserver set_switch_observer(SwitchObserver observer);
SwitchObserver switch_observer();  // returns it

}  // namespace tendril
