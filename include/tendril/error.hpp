// SPDX-License-Identifier: MIT
// Floor: base
//
// The exceptions that tendril throws.
//
// Three families, so that a catch clause shows its intent:
//   Interrupt          unwinds a green thread from outside (kill, Timeout). Not a std::exception: `catch (const
//                      std::exception&)` never swallows it. Code that catches `...` should rethrow it.
//   std::system_error  an error of the system or of a peer; TimeoutError says that the call's own deadline passed.
//   std::logic_error   a mistake of the caller; the text says what to do instead.
//
// Example: examples/kill.cpp

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>

#include <tendril/detail/base/timeout_text.hpp>

namespace tendril {

// The base of all exceptions that are thrown into a green thread from outside.
class Interrupt {
public:
    Interrupt() = default;
    Interrupt(const Interrupt&) = default;
    Interrupt& operator=(const Interrupt&) = default;
    virtual ~Interrupt();
    virtual const char* what() const noexcept = 0;
};

// Thrown by kill(). A green thread that ends by it has ended normally, as "killed".
class GreenletExit : public Interrupt {
public:
    const char* what() const noexcept override;
};

// Thrown in the main green thread, at its next wait, when SIGINT comes (the terminal's Ctrl-C) and the program does not
// handle that signal itself. Uncaught, it unwinds the main green thread, and the process ends by SIGINT.
class KeyboardInterrupt : public Interrupt {
public:
    const char* what() const noexcept override;
};

// For errors that the program cannot survive. Thrown by a callback in the hub, or out of a green thread that has no
// handle left, it does not go to the hub's error handler: it is thrown again in the main green thread, at its next
// wait.
class FatalError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

// Thrown by get() of a green thread that was killed. A std::exception, so that it cannot unwind the caller silently.
class GreenletKilled : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

// Thrown when a call's own deadline passed first. code() is std::errc::timed_out. what() names the call and its object,
// and says how long it waited and how much was done. Throwing formats nothing: the text is made at the first what().
//
//     recv from 10.0.0.7:5432: timed out after 2 s
//     send_all to 10.0.0.7:80: timed out, 65536 of 1000000 bytes done, then nothing for 0.5 s
class TimeoutError : public std::system_error {
public:
    // For calls of your own. doing: "recv", "connect to 10.0.0.1:80".
    explicit TimeoutError(std::string doing, std::size_t done = 0);

    // For a call that `inner` ended during `doing`: the text says both.
    TimeoutError(std::string doing, const TimeoutError& inner, std::size_t done = 0);

    // Says the same, but with another done().
    TimeoutError(const TimeoutError& other, std::size_t done);

    // For the library: see src/base/timed_out.hpp.
    explicit TimeoutError(std::shared_ptr<const detail::TimeoutText> text, std::size_t done = 0);

    const char* what() const noexcept override { return text_->get(); }

    // How much of the work was done before: bytes for a socket call, else 0.
    std::size_t done() const noexcept { return done_; }

private:
    std::size_t done_;
    std::shared_ptr<const detail::TimeoutText> text_;  // shared, so that copying cannot throw
};

// Thrown when an object is used on an OS thread other than its own; what() names both.
class WrongThread : public std::logic_error {
public:
    // For the library: what was used, its owner, and who used it.
    WrongThread(const char* object, std::uint64_t owner, std::uint64_t caller);
};

// Thrown when a second green thread tries to wait where only one may (two readers of one socket). The first is
// unharmed.
class ConcurrentUse : public std::logic_error {
public:
    using std::logic_error::logic_error;
};

// Thrown when the main green thread waits, and nothing is left that could wake it. what() lists every blocked green
// thread.
class LoopExit : public std::logic_error {
public:
    using std::logic_error::logic_error;
};

// Thrown when a callback that runs in the hub (of a link, an Async) tries to wait. It must spawn a green thread for
// that.
class HubBlocked : public std::logic_error {
public:
    using std::logic_error::logic_error;
};

}  // namespace tendril
