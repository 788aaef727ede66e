// SPDX-License-Identifier: MIT
// Floor: hub
//
// Hub: the scheduler of an OS thread, made on first use. Most programs never name it; this class has its few settings.
//
// The hub ends with its OS thread. It then kills the green threads that are left, youngest first, and lets them unwind
// as long as their number falls. If none has ended for a second (and each ready one had many turns in it), the hub
// abandons the rest and reports them on standard error. exit() ends the hub of the calling OS thread in the same way,
// but inside a green thread or a context it unwinds nothing.

#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <iosfwd>
#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <tendril/deadline.hpp>
#include <tendril/detail/hub/callback.hpp>
#include <tendril/detail/hub/posted.hpp>
#include <tendril/dump.hpp>
#include <tendril/site.hpp>
#include <tendril/watcher_options.hpp>

namespace tendril {

namespace detail {
class AsioLoop;
struct AsyncState;
struct HubCore;
class Mailbox;
}  // namespace detail

// Where an unhandled error comes from.
struct ErrorContext {
    std::uint64_t greenlet = 0;  // id of the green thread; 0: none
    std::string_view name;       // its name; may be empty
    Site where;                  // where it was spawned
    std::string_view activity;   // "green thread", "link callback", ...
};

// Gets errors that no other code can catch. Must not throw or wait.
using ErrorHandler = std::function<void(const ErrorContext&, const std::exception_ptr&)>;

// Counts of a hub, as of now.
struct HubStats {
    std::size_t greenlets = 0;       // spawned and not ended; without the main one
    std::size_t stacks_used = 0;     // raw contexts included
    std::size_t stacks_free = 0;     // kept for the next green threads, until unused for a while
    std::size_t timers = 0;          // sleeps and deadlines that are armed
    std::size_t descriptors = 0;     // open sockets
    std::size_t waiting_for_io = 0;  // green threads that wait for a descriptor
    std::size_t keeping_alive = 0;   // Asyncs and watchers that keep the hub alive
    std::size_t ready = 0;           // green threads that wait only for their turn
    std::size_t pending = 0;         // callbacks that are due
    std::uint64_t turns = 0;         // how often the hub has looked for events so far
};

class Hub {
public:
    // Returns this OS thread's hub, and makes it first if necessary. The environment variable TENDRIL_BACKEND names its
    // backend: "epoll", the default; "io_uring", if tendril was built with liburing (if the kernel refuses, the hub
    // says so on standard error and uses epoll); "poll"; "select", for numbers below FD_SETSIZE.
    // Throws: std::invalid_argument for an unknown backend; std::system_error if the system refuses what the hub needs;
    // std::logic_error after the hub has ended.
    static Hub& current();

    // Sets the backend of the hubs made from now on, overriding TENDRIL_BACKEND.
    // Throws: std::invalid_argument for an unknown name, listing the known ones; std::logic_error if this OS thread
    // already has its hub.
    static void use_backend(std::string_view name);

    // Returns the names of the backends that this tendril was built with, the default first.
    static std::vector<std::string_view> backends();

    // Waits until the hub has nothing left to wait for: no timer, no descriptor, nothing that keeps it alive. Green
    // threads that nothing can wake do not count. May be called any number of times.
    // Returns: false if the deadline came first.
    // Throws: Interrupt; WrongThread.
    bool run_until_idle(Deadline deadline = never);

    // Sets the handler for errors that no other code can catch: of a green thread without a handle, of a callback. The
    // default, also used for an empty handler, prints one line to standard error. Throws: WrongThread.
    void set_error_handler(ErrorHandler handler);

    // Sets the one that hubs of all OS threads use which have none of their own, also those of `hubs = N` and of a
    // ThreadPool's threads. It is called on the OS thread where the error is, so perhaps on several at once. May be
    // called from any OS thread; an empty handler restores the default.
    static void set_error_handler_for_all(ErrorHandler handler);

    // Writes what every green thread of this hub is doing: see dump.hpp. Throws: WrongThread; std::bad_alloc; what the
    // stream throws.
    void dump(std::ostream& out, DumpOptions options = {}) const;

    // Lets other OS threads run functions in this hub. May outlive it. Copyable, and cheap to copy.
    class Remote {
    public:
        // Runs f() in the hub's own green thread, soon, after everything that was posted before. f must not wait
        // (HubBlocked), but may spawn what waits; the hub's error handler gets what it throws. May be called from any
        // OS thread, but not from a signal handler; never waits. What is posted does not keep the hub alive: an Async
        // does, or a green thread that waits; without either, main may get its LoopExit first.
        // Returns: false if the hub has ended; f is then destroyed here. A hub that ends before it has run f destroys
        // it on its own OS thread. Throws: std::bad_alloc; what copying or moving f throws.
        template <class F>
        requires std::invocable < std::decay_t<F>
        & > bool post_threadsafe(F&& f) const {
            return post(std::make_unique<detail::PostedCall<std::decay_t<F>>>(std::forward<F>(f)));
        }

    private:
        friend class Hub;
        explicit Remote(std::shared_ptr<detail::Mailbox> mailbox) noexcept : mailbox_(std::move(mailbox)) {}
        bool post(std::unique_ptr<detail::Posted> call) const;
        std::shared_ptr<detail::Mailbox> mailbox_;
    };

    // Throws: WrongThread; std::system_error if there is no stack for the hub's own green thread.
    Remote remote();

    // The hub inside another event loop, whose OS thread this is (asio, GLib, Qt, a raw epoll loop). That loop calls
    // turn() at the beginning, when descriptor() is readable, when the moment that turn() returned has come, and after
    // its own callbacks have woken or spawned green threads. Examples: examples/inside_epoll.cpp, inside_glib.cpp;
    // asio.hpp.
    //
    // turn() asks for events without sleeping and lets every ready green thread run once; it does not wait for more.
    // Returns: when to call it again at the latest; a moment that has passed if there is more to do.
    // Throws: Interrupt; HubBlocked in a callback; WrongThread.
    Deadline turn();

    // Only lets the green threads run that are ready, once each: after callbacks of the other loop, between two turns.
    // Asks neither for events nor, as a rule, for the time. Throws as turn().
    void run_ready();
    // Returns what turn() would return now. Throws: WrongThread.
    Deadline next_turn() const;

    // Returns: a descriptor that becomes readable when the hub has events, owned by the hub; only to be polled for.
    // Throws: std::system_error (ENOTSUP) on the backends poll and select, which have none; WrongThread.
    int descriptor() const;

    // Returns the time of the hub's last look at the clock, at its last turn: cheaper than the clock, and the same for
    // all that runs in one turn. update_now() looks now; for code that has computed for long. Throws: WrongThread.
    Deadline::Clock::time_point now() const;
    void update_now();

    // For a program that stops, and goes on much later: the time between the two does not count for sleeps, timeouts
    // and Timers that are under way, all of which end that much later. (While a process is stopped the clock goes on,
    // and everything would time out at once.) A Deadline that the program keeps is a fixed moment, and Periodics follow
    // the wall clock: neither changes. Do nothing that waits in between.
    //
    //     Signal suspend(SIGTSTP, [](int) { hub.suspend(); raise(SIGSTOP); hub.resume(); });
    //
    // resume() without suspend() does nothing; the same for a second suspend(). Throws: WrongThread.
    void suspend();
    void resume();

    // Makes an idle hub wake up less often, to handle more events at once: it uses less of the processor, and is late.
    // `events`: unless a timer is due or a green thread is ready, it looks for events at most this often; what other OS
    // threads send waits as long. `timers`: it sleeps at least that long where only a timer would wake it, so timers
    // run up to that late. Zero, the default, turns either off. In the child of a fork() both are off.
    // Throws: std::invalid_argument for more than a second; WrongThread.
    void set_collect_intervals(Duration events, Duration timers);

    // Sets how late timers, sleeps and timeouts of this hub may be when it sleeps, so that one wake-up serves several:
    // see deadline.hpp. 1 ms unless set; zero: each has a wake-up of its own. A deadline's own slack is not limited by
    // it. Counts for what begins to wait from now on. Throws: WrongThread.
    void set_timer_slack(Duration most);

    HubStats stats() const noexcept;       // on the hub's OS thread
    const char* backend() const noexcept;  // its name, such as "epoll"

    Hub(const Hub&) = delete;
    Hub& operator=(const Hub&) = delete;

private:
    friend struct detail::HubCore;
    explicit Hub(detail::HubCore& core) noexcept : core_(core) {}
    friend class detail::AsioLoop;
    void set_outside(bool on) noexcept;  // whether the other loop may be asleep
    detail::HubCore& core_;
};

// Async: wakes a hub from other OS threads. The callback runs in the hub of the OS thread that made the Async; sends
// that come before it has run are merged into one. Example: examples/async.cpp
class Async {
public:
    // A copyable handle for sending from other OS threads; may outlive the Async and the hub.
    class Sender {
    public:
        // Makes the callback run, soon. May be called from any OS thread, but not from a signal handler. Never waits.
        // Returns: false if the Async or its hub is gone. Throws: std::logic_error if the Async was already moved from
        // when the Sender was made.
        bool send_threadsafe() const;
        // Whether a send has come that the callback has not begun to run for: another one would be merged into it. May
        // be called from any OS thread.
        bool pending_threadsafe() const noexcept;

    private:
        friend class Async;
        explicit Sender(std::shared_ptr<detail::AsyncState> state) noexcept : state_(std::move(state)) {}
        std::shared_ptr<detail::AsyncState> state_;
    };

    // The callback must not wait (HubBlocked); the hub's error handler gets what it throws. It is active as long as it
    // lives: unless ref is false, a hub with nothing else to wait for then sleeps instead of throwing LoopExit.
    // Throws: std::invalid_argument for an empty callback or a priority out of bounds; otherwise as Hub::current().
    explicit Async(detail::Callback<void()> callback, WatcherOptions options = {}, Site at = Site::here());
    Async(Async&&) noexcept = default;
    Async& operator=(Async&& other) noexcept {
        Async moved(std::move(other));
        std::swap(state_, moved.state_);
        return *this;
    }
    ~Async();  // Must run on the OS thread that made it. The callback does not begin any more.

    // Returns a handle for other OS threads.
    Sender sender() const noexcept { return Sender(state_); }
    bool send_threadsafe() const { return sender().send_threadsafe(); }

    // Whether its callback is due, by a send that it has not begun to run for.
    bool pending() const noexcept { return sender().pending_threadsafe(); }
    // Changes WatcherOptions::priority, also of a callback that is due. Throws: std::invalid_argument unless it is -2
    // to 2; std::logic_error if it was moved from; WrongThread.
    void set_priority(int priority);

private:
    std::shared_ptr<detail::AsyncState> state_;
};

}  // namespace tendril
