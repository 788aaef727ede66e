// SPDX-License-Identifier: MIT
// Floor: base
//
// What tendril throws.
//
// Three families, so that a catch clause says what it means:
//   Interrupt          unwinds a green thread from outside (kill, Timeout). Not a std::exception: `catch (const
//                      std::exception&)` never swallows it. Code that catches `...` should rethrow it.
//   std::system_error  what the system or a peer answered; TimeoutError is the one for a call's own deadline.
//   std::logic_error   a caller's mistake, with what to do instead.
//
// Example: examples/kill.cpp

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>

namespace tendril {

// The base of everything that is thrown into a green thread from outside.
class Interrupt {
public:
    Interrupt() = default;
    Interrupt(const Interrupt&) = default;
    Interrupt& operator=(const Interrupt&) = default;
    virtual ~Interrupt();
    virtual const char* what() const noexcept = 0;
};

// What kill() throws. A green thread that ends by it has ended normally, as "killed".
class GreenletExit : public Interrupt {
public:
    const char* what() const noexcept override;
};

// What the main green thread gets at its next wait when SIGINT comes (the terminal's Ctrl-C) and the program has not
// asked for that signal itself. Uncaught it unwinds the main green thread, and the process ends by SIGINT.
class KeyboardInterrupt : public Interrupt {
public:
    const char* what() const noexcept override;
};

// Thrown by a callback in the hub, or out of a green thread whose handle is gone: not for the hub's error handler, but
// thrown in the main green thread at its next wait. For what the program cannot go on after.
class FatalError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

// get() of a green thread that was killed. A std::exception, so that it can't unwind the asker silently.
class GreenletKilled : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

// A call's own deadline came first. code() is std::errc::timed_out.
class TimeoutError : public std::system_error {
public:
    // doing: "recv", "connect to 10.0.0.1:80".
    explicit TimeoutError(const std::string& doing, std::size_t done = 0);

    const char* what() const noexcept override { return text_->c_str(); }

    // How much of the work was done before: bytes for a socket call, else 0.
    std::size_t done() const noexcept { return done_; }

private:
    std::size_t done_;
    std::shared_ptr<const std::string> text_;  // shared, so that copying cannot throw
};

// An object was used from an OS thread that is not its own; what() names both.
class WrongThread : public std::logic_error {
public:
    WrongThread(const char* object, std::uint64_t owner, std::uint64_t caller);
};

// A second green thread tried to do what one is already waiting to do (two readers on one socket). The first is
// unharmed.
class ConcurrentUse : public std::logic_error {
public:
    using std::logic_error::logic_error;
};

// The main green thread waits, and nothing is left that could wake it. what() lists every blocked green thread.
class LoopExit : public std::logic_error {
public:
    using std::logic_error::logic_error;
};

// A callback that runs in the hub (of a link, an Async) tried to wait. It must spawn a green thread for that.
class HubBlocked : public std::logic_error {
public:
    using std::logic_error::logic_error;
};

}  // namespace tendril
