// SPDX-License-Identifier: MIT
// Floor: hub
//
// Hub: the scheduler of an OS thread, made on first use. Most programs never name it; here is what they may ask of
// it. It ends with its OS thread: green threads that are left are then killed, the youngest first, and unwound, for as
// long as they become fewer. When none has ended for a second (and each that is ready had many turns in it), those that
// are left are abandoned, and reported on standard error. exit() ends the hub of its caller so, but inside a green
// thread or a context it unwinds nothing.

#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <iosfwd>
#include <memory>
#include <string_view>
#include <utility>

#include <tendril/deadline.hpp>
#include <tendril/detail/hub/callback.hpp>
#include <tendril/dump.hpp>
#include <tendril/site.hpp>

namespace tendril {

namespace detail {
struct AsyncState;
struct HubCore;
}  // namespace detail

// What an unhandled error belongs to.
struct ErrorContext {
    std::uint64_t greenlet = 0;  // id of the green thread; 0 when none
    std::string_view name;       // its name, may be empty
    Site where;                  // it was spawned
    std::string_view activity;   // "green thread", "link callback", ...
};

// Must not throw or wait.
using ErrorHandler = std::function<void(const ErrorContext&, const std::exception_ptr&)>;

struct HubStats {
    std::size_t greenlets = 0;    // spawned and not ended; the main one is not counted
    std::size_t stacks_used = 0;  // also by raw contexts
    std::size_t stacks_free = 0;  // kept for the next green threads, until nobody has wanted them for a while
    std::size_t timers = 0;
    std::size_t descriptors = 0;     // open sockets
    std::size_t waiting_for_io = 0;  // green threads
    std::size_t keeping_alive = 0;   // Asyncs and watchers that keep the loop alive
};

class Hub {
public:
    // This OS thread's. TENDRIL_BACKEND in the environment names its backend: "epoll", the default; "io_uring", where
    // tendril was built with liburing (and epoll, said on standard error, where the kernel refuses it); "poll";
    // "select", for numbers below FD_SETSIZE.
    // Throws: std::invalid_argument for an unknown backend; std::system_error when the system refuses what it needs.
    static Hub& current();

    // For the hubs that are made from now on, in place of TENDRIL_BACKEND. Throws: std::invalid_argument for an
    // unknown name, listing those that there are; std::logic_error when this OS thread has its hub already.
    static void use_backend(std::string_view name);

    // Waits until nothing is left that the hub would wait for: no timer, no descriptor, nothing that keeps it alive.
    // Green threads that nobody can wake do not count. Returns: false when the deadline came first. Any number of
    // times. Throws: Interrupt.
    bool run_until_idle(Deadline deadline = never);

    // Called with every error that nobody else can see: of a green thread whose handle is gone, of a callback. The
    // default, also for an empty handler, prints one line to standard error.
    void set_error_handler(ErrorHandler handler);

    // What every green thread of this hub is doing: see dump.hpp.
    void dump(std::ostream& out, DumpOptions options = {}) const;

    HubStats stats() const noexcept;
    const char* backend() const noexcept;

    Hub(const Hub&) = delete;
    Hub& operator=(const Hub&) = delete;

private:
    friend struct detail::HubCore;
    explicit Hub(detail::HubCore& core) noexcept : core_(core) {}
    detail::HubCore& core_;
};

// Async: wakes a hub from other OS threads. The callback runs in the hub of the OS thread that made the Async; sends
// that come before it has run are one. Example: examples/async.cpp
class Async {
public:
    // A copyable way to send, for the other threads; may outlive the Async and the hub.
    class Sender {
    public:
        // From any OS thread. Not from a signal handler.
        // Returns: false when nobody will hear it: the Async or its hub is gone.
        bool send_threadsafe() const;

    private:
        friend class Async;
        explicit Sender(std::shared_ptr<detail::AsyncState> state) noexcept : state_(std::move(state)) {}
        std::shared_ptr<detail::AsyncState> state_;
    };

    // keep_alive: while it lives, a hub with nothing else to wait for sleeps instead of throwing LoopExit.
    // Throws: std::invalid_argument for an empty callback.
    explicit Async(detail::Callback<void()> callback, bool keep_alive = true);
    Async(Async&&) noexcept = default;
    Async& operator=(Async&& other) noexcept {
        Async moved(std::move(other));
        std::swap(state_, moved.state_);
        return *this;
    }
    ~Async();  // on the hub's thread

    Sender sender() const noexcept { return Sender(state_); }
    bool send_threadsafe() const { return sender().send_threadsafe(); }

private:
    std::shared_ptr<detail::AsyncState> state_;
};

}  // namespace tendril
