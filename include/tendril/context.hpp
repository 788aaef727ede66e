// SPDX-License-Identifier: MIT
// Floor: context
//
// Context: the raw switch of greenlet, with no scheduler. A context runs only when it is switched to, and goes on
// from where it switched away. For generators and schedulers of your own; programs that wait for things want
// greenlet.hpp.
//
// A context belongs to the green thread (or plain OS thread) that made it, and may be used by it alone; the code
// inside a context may wait as any other, and then its green thread waits. What is suspended still when that ends, is
// unwound then; so is what exit() meets, unless it is called inside a context or a green thread. Example:
// examples/raw_switch.cpp

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

// What a forced end throws inside a context. Leaving the context's function by it is a normal end.
class ContextExit : public Interrupt {
public:
    const char* what() const noexcept override;
};

// A switch to a context that has ended, or to an empty handle.
class DeadContext : public std::logic_error {
public:
    using std::logic_error::logic_error;
};

// A shared reference to a context; keeps its record, not the context itself, alive.
class ContextRef {
public:
    ContextRef() = default;

    // Suspends the running context and goes on with this one. A fresh one begins with `value` as its argument; a
    // suspended one finds it as the result of its own switch_to().
    // Returns: what the running context is given when something switches back to it; when that is the end of a child,
    //          the child's result.
    // Throws:  whatever is thrown into it meanwhile: an exception that left a child, or by throw_into;
    //          DeadContext; WrongThread; std::logic_error when it is the running one, or another green thread's.
    std::any switch_to(std::any value = {}) const;

    // As switch_to, but the target's own switch_to() throws. A fresh one never runs: it ends, and its parent gets the
    // exception, as does the parent of an ended one.
    std::any throw_into(std::exception_ptr error) const;

    // Who goes on when this one ends: the context that made it. Empty for the root, which is the green thread's own
    // stack.
    ContextRef parent() const;

    bool started() const noexcept;
    bool dead() const noexcept;         // ended, or empty
    std::uint64_t id() const noexcept;  // as a switch observer sees it; 0 when empty

    explicit operator bool() const noexcept { return state_ != nullptr; }
    friend bool operator==(const ContextRef&, const ContextRef&) = default;

protected:
    friend struct detail::ContextState;
    explicit ContextRef(std::shared_ptr<detail::ContextState> state) noexcept : state_(std::move(state)) {}
    std::shared_ptr<detail::ContextState> state_;
    friend ContextRef current_context();
};

struct ContextOptions {
    std::size_t stack_size = 0;  // rounded up to a power of two, 32 KiB to 1 GiB; 0: 256 KiB
    Site where = {};             // the place that reports name; empty: that of the call
};

// The owner of a context.
class Context : public ContextRef {
public:
    using Function = std::function<std::any(std::any)>;

    Context() = default;

    // Runs at its first switch_to.
    // Throws: std::invalid_argument for an empty function or a stack size out of bounds.
    explicit Context(Function run, ContextOptions options = {}, Site at = Site::here());

    Context(Context&&) noexcept = default;
    Context& operator=(Context&& other) noexcept;

    // Unwinds a suspended context by a ContextExit, now. What else it throws meanwhile goes to standard error; if it
    // switches away again instead of ending, it is reported and its stack is abandoned.
    ~Context();

private:
    void unwind() noexcept;
};

// The context that runs: the root when no other does.
ContextRef current_context();

struct SwitchEvent {
    enum class Kind { switched, thrown };
    Kind kind;
    std::uint64_t from;  // ids of contexts or green threads
    std::uint64_t to;
};

// Sees each switch of this OS thread, of raw contexts and of green threads, in order, just before it happens. Must
// not throw, switch or wait. nullptr: none. Returns: the one that was there.
using SwitchObserver = void (*)(const SwitchEvent&) noexcept;
SwitchObserver set_switch_observer(SwitchObserver observer);

}  // namespace tendril
