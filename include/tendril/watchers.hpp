// SPDX-License-Identifier: MIT
// Floor: hub
//
// Watchers: callbacks for the events of a hub; libev's event kinds. Programs seldom need them, since a green thread
// that waits does the same in a line. They are for schedulers, for other libraries' descriptors, and for events that
// nothing waits for.
//
//     Timer tick(1s, [] { std::puts("tick"); }, {.repeat = 1s});
//     Signal quit(SIGTERM, [&](int) { stop.set(); });
//
// A watcher is active from its construction until stop(), its destruction or, where its class says so, its one event.
// Its callback runs in its hub's own green thread: it must not wait (HubBlocked); it may spawn, and may stop, restart
// or destroy any watcher, its own too. The hub's error handler gets what it throws. Events that come before the
// callback has run are merged into one. While a watcher is active, its hub sleeps where it would otherwise throw
// LoopExit, unless the watcher was made with ref = false. A watcher belongs to the OS thread that made it. In the child
// of a fork() no watcher is active until it is started again; only a Fork stays active. A watcher that outlives its hub
// does nothing. snapshot() lists them (snapshot.hpp). Example: examples/watchers.cpp

#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include <tendril/detail/hub/callback.hpp>
#include <tendril/duration.hpp>
#include <tendril/site.hpp>
#include <tendril/watcher_options.hpp>

namespace tendril {

namespace detail {
class WatcherState;
}

// What all watchers can do.
class Watcher {
public:
    Watcher(Watcher&& other) noexcept;
    Watcher& operator=(Watcher&& other) noexcept;
    ~Watcher();  // stop(). Must run on its own OS thread

    // Makes it active again, after stop() or after its event; does nothing if it is active. Throws: as the constructor;
    // std::logic_error if it was moved from, or its hub has ended; WrongThread.
    void start();
    // Makes it inactive: its callback does not begin any more, even if it was already due. On another OS thread than
    // its own, does nothing but report the mistake on standard error.
    void stop() noexcept;

    bool active() const noexcept;   // started, and not stopped since
    bool pending() const noexcept;  // the callback is due, and has not begun yet
    // Changes WatcherOptions::ref. Throws: std::logic_error if it was moved from, or its hub has ended; WrongThread.
    void set_ref(bool ref);
    // Changes WatcherOptions::priority. Throws: std::invalid_argument unless it is -2 to 2; otherwise as set_ref().
    void set_priority(int priority);

    // Makes its callback due although no event has come (libev's ev_feed_event). Nothing else changes: a Timer still
    // runs when its time comes. An Io gets `wanted`; a Child and a Stat look, and run only if there is an end or a
    // change to tell. Does nothing if it is inactive or already due. Throws: as set_ref().
    void feed();
    // Calls its callback now, on the calling green thread, active or not, as feed() would have it (ev_invoke). Throws:
    // what the callback throws; otherwise as set_ref().
    void invoke();

    Site where() const noexcept;  // where it was made

protected:
    // Starts it. Throws: std::invalid_argument for a priority out of bounds; as start().
    Watcher(std::unique_ptr<detail::WatcherState> state, Site where, int priority);
    detail::WatcherState& state() const;

private:
    void drop() noexcept;
    detail::WatcherState* state_;  // nullptr: moved from
};

// A set of events of a descriptor.
enum class IoEvents : std::uint8_t { none = 0, read = 1, write = 2, priority = 4, closed = 16 };
// Either.
constexpr IoEvents operator|(IoEvents a, IoEvents b) noexcept {
    return static_cast<IoEvents>(static_cast<unsigned>(a) | static_cast<unsigned>(b));
}
// Both.
constexpr IoEvents operator&(IoEvents a, IoEvents b) noexcept {
    return static_cast<IoEvents>(static_cast<unsigned>(a) & static_cast<unsigned>(b));
}
// Whether it is any event at all.
constexpr bool any(IoEvents e) noexcept {
    return e != IoEvents::none;
}

// Runs its callback again and again while the descriptor is ready (level-triggered). An error or a hang-up counts as
// readable and writable. If the number was closed in this hub, or the backend found it closed, the callback runs once
// with `closed` and the watcher stops. Before you close a number that is watched, notify the hub by closing(fd) of
// select.hpp.
class Io : public Watcher {
public:
    using Callback = detail::Callback<void(IoEvents)>;  // gets what has become possible

    // Throws: std::invalid_argument for a negative fd, no events or an empty callback; std::system_error: EBADF, EPERM
    // (a regular file is always ready).
    Io(int fd, IoEvents events, Callback callback, WatcherOptions options = {}, Site at = Site::here());

    // Sets another descriptor and other events, for the next start(). Throws: std::logic_error if it is active;
    // std::invalid_argument as the constructor; WrongThread.
    void set(int fd, IoEvents events);

    // Throws: std::logic_error, WrongThread.
    int fd() const;
    IoEvents events() const;
};

// Options of a Timer.
struct TimerOptions {
    Duration repeat = {};  // the time between two runs; 0: runs once only
    bool ref = true;       // whether it keeps the hub alive
    int priority = 0;      // see WatcherOptions
};

// Runs its callback when time has passed: `after` from its start, then every `repeat`, never early. One that runs late
// does not catch up.
class Timer : public Watcher {
public:
    using Callback = detail::Callback<void()>;  // called when the time has come

    // Throws: std::invalid_argument for a negative time or an empty callback.
    Timer(Duration after, Callback callback, TimerOptions options = {}, Site at = Site::here());

    // Restarts it: it next runs when `repeat` has passed from now. Without a repeat, stops it. For timeouts that
    // activity postpones. Throws: as start().
    void again();
    // Sets new times. If it is active, it is next due when `after` has passed from now, even if its callback was due
    // already; otherwise they hold from the next start(). Throws: as start().
    void set(Duration after, Duration repeat = {});
    Duration repeat() const;                              // throws std::logic_error, WrongThread
    std::chrono::nanoseconds remaining() const noexcept;  // until it is due; 0 if not active
};

// Runs its callback at a time of the wall clock: at `first`, then every `interval` (0: once only), never early. Setting
// the clock moves its time too: if the clock jumps past it, it is due at once, and once; if the clock goes back, it
// waits until the clock comes there again. If `first` has already passed, it is due at once if that is its only time,
// else at its next time.
//
// Times that are not evenly spaced, as those of cron or of local time with daylight saving, come from a function:
//
//     Periodic midnight([](auto now) { return next_local_midnight(now); }, [] { rotate_logs(); });
class Periodic : public Watcher {
public:
    using Callback = detail::Callback<void()>;           // called when the time has come
    using Time = std::chrono::system_clock::time_point;  // of the wall clock

    // Returns the first time after `now`; Time::max(): never again. It is asked at each start, after each run and when
    // the clock was set, by the hub's own green thread or in start(); it must not wait,
    // nor touch its watcher. A time that is not after `now`,
    // or an exception, stops the watcher: start() and the constructor throw it, else the hub's error handler gets it.
    using Reschedule = std::function<Time(Time now)>;

    // Throws: std::invalid_argument for a negative interval or an empty callback; std::system_error.
    template <class Unit>
    Periodic(std::chrono::time_point<std::chrono::system_clock, Unit> first, Duration interval, Callback callback,
             WatcherOptions options = {}, Site at = Site::here())
        : Periodic(SinceEpoch{detail::saturated_ns(first.time_since_epoch())}, interval, std::move(callback), options,
                   at) {}

    // Throws: std::invalid_argument for an empty function or callback; std::logic_error for a time that is not after
    // `now`; what `reschedule` throws; std::system_error.
    Periodic(Reschedule reschedule, Callback callback, WatcherOptions options = {}, Site at = Site::here());

    // Sets other times; an active one runs by them from now on, even if its callback was already due. Throws: as the
    // constructors, and then it is inactive; WrongThread.
    template <class Unit>
    void set(std::chrono::time_point<std::chrono::system_clock, Unit> first, Duration interval) {
        set(SinceEpoch{detail::saturated_ns(first.time_since_epoch())}, interval);
    }
    void set(Reschedule reschedule);
    // Restarts it: finds its next time anew, for a function whose answer has changed. Throws: as start().
    void again();

    // Returns when it is next due; if not active, when it last was. Throws: std::logic_error, WrongThread.
    Time next() const;

private:
    struct SinceEpoch {
        std::int64_t ns;
    };
    Periodic(SinceEpoch first, Duration interval, Callback callback, WatcherOptions options, Site at);
    void set(SinceEpoch first, Duration interval);
};

// Runs its callback whenever nothing else is ready, over and over: the hub does not sleep while it is active.
class Idle : public Watcher {
public:
    // Throws: std::invalid_argument for an empty callback.
    explicit Idle(detail::Callback<void()> callback, WatcherOptions options = {}, Site at = Site::here());
};

// Prepare runs its callback before the hub polls, perhaps to sleep; Check runs its callback after the poll.
class Prepare : public Watcher {
public:
    // Throws: std::invalid_argument for an empty callback.
    explicit Prepare(detail::Callback<void()> callback, WatcherOptions options = {}, Site at = Site::here());
};

// Called after the hub has looked for events: see the head of this file.
class Check : public Watcher {
public:
    // Throws: std::invalid_argument for an empty callback.
    explicit Check(detail::Callback<void()> callback, WatcherOptions options = {}, Site at = Site::here());
};

// Runs its callback in the child of a fork(), before fork() returns there. Never keeps the hub alive.
class Fork : public Watcher {
public:
    // Throws: std::invalid_argument for an empty callback.
    explicit Fork(detail::Callback<void()> callback, Site at = Site::here());
};

// Runs its callback once, when the hub ends: after its green threads have been killed and have unwound, before the
// Locals of the main one are destroyed. The one started last runs first. Unlike other callbacks it runs on the OS
// thread's own stack, and may wait and spawn; what it spawned and did not wait for is then killed too. The hub's error
// handler gets what it throws, and the others still run. Never keeps the hub alive. It does not run when the program
// ends by exit() inside a green thread, which unwinds nothing, nor, unless started again there, in the child of a
// fork().
class Cleanup : public Watcher {
public:
    // Throws: std::invalid_argument for an empty callback.
    explicit Cleanup(detail::Callback<void()> callback, Site at = Site::here());
};

// How a child process ended; or, from a Child with ChildOptions::trace, that it was stopped or goes on.
struct ChildStatus {
    pid_t pid = 0;           // its number
    int code = 0;            // the exit status; -1: unknown, because other code has already waited for the process
    int signal = 0;          // the signal that ended it; 0: none did
    int stopped = 0;         // the signal that stopped it, such as SIGTSTP; 0: it is not stopped
    bool continued = false;  // it was stopped, and goes on

    // Whether it has ended, and was not only stopped or continued.
    bool ended() const noexcept { return stopped == 0 && !continued; }
};

// Options of a Child.
struct ChildOptions {
    bool ref = true;   // whether it keeps the hub alive
    int priority = 0;  // see WatcherOptions

    // Also runs the callback when the process is stopped, at once if it already is, and when it goes on again, as a
    // shell needs it. A stop that is over before the hub has seen it is not reported. Each SIGCHLD makes the hub look;
    // it handles that signal as a Signal watcher does, so no handler of the program's own runs meanwhile. Looking takes
    // nothing from others that wait for stops (WUNTRACED); what they take first is not reported here.
    bool trace = false;

    // Reaps the process when it has ended. false: leaves that to other code, such as the Popen that started it; if that
    // has reaped it by then, the code is -1 here.
    bool reap = true;
};

// Runs its callback once, when the child process has ended, and reaps the process. It uses a pidfd, so it needs no
// handler for SIGCHLD, except to trace.
class Child : public Watcher {
public:
    using Callback = detail::Callback<void(const ChildStatus&)>;  // gets how the child is now

    // Throws: std::system_error (ESRCH: no such process); std::invalid_argument.
    Child(pid_t pid, Callback callback, ChildOptions options = {}, Site at = Site::here());

    pid_t pid() const;  // throws std::logic_error, WrongThread
};

// The attributes of a file, or that it does not exist.
struct FileAttributes {
    bool exists = false;                               // whether there is a file
    std::uint64_t size = 0;                            // in bytes
    std::uint64_t device = 0, inode = 0, links = 0;    // as stat(2) has them
    std::uint32_t mode = 0;                            // type and permissions
    std::uint32_t owner = 0, group = 0;                // their numbers
    std::chrono::system_clock::time_point modified{};  // its content
    std::chrono::system_clock::time_point changed{};   // its content or its attributes
    friend bool operator==(const FileAttributes&, const FileAttributes&) = default;
};

// The attributes before and after a change.
struct StatChange {
    FileAttributes previous;  // as they were
    FileAttributes current;   // as they are
};

// Options of a Stat.
struct StatOptions {
    Duration interval = std::chrono::seconds(5);  // how often it looks if the kernel does not report changes
    bool ref = true;                              // whether it keeps the hub alive
    int priority = 0;                             // see WatcherOptions
};

// Runs its callback when a file has changed, appeared or disappeared, or when another file has taken its name. For a
// link, the file it leads to is meant. Changes that come close together are merged into one. The kernel reports changes
// (inotify). Where it does not, the watcher looks every interval: on network file systems, for links, while the file's
// directory does not exist, and when inotify's limits are reached. It notices a rename of a directory further up only
// with the next change. It looks from the hub's own OS thread: a network file system that hangs holds up the hub.
class Stat : public Watcher {
public:
    using Callback = detail::Callback<void(const StatChange&)>;  // gets what was and what is

    // Throws: std::invalid_argument for an empty path or callback, a path with a null character, or an interval of
    // zero.
    Stat(std::string path, Callback callback, StatOptions options = {}, Site at = Site::here());

    // The attributes it last saw, and those before the last change (at first, the same). feed() looks anew. Throws:
    // std::logic_error, WrongThread.
    const FileAttributes& current() const;
    const FileAttributes& previous() const;
    const std::string& path() const;
};

// Runs its callback when the signal has come to the process, in each hub that watches it. While any hub watches the
// signal, it has no other effect; afterwards it has its former effect. Does not keep the hub alive unless asked to.
class Signal : public Watcher {
public:
    using Callback = detail::Callback<void(int)>;  // gets the signal's number

    // Throws: std::invalid_argument for a number that cannot be caught, or that reports a fault of the program
    // (SIGSEGV, ...).
    Signal(int number, Callback callback, WatcherOptions options = {.ref = false}, Site at = Site::here());

    int number() const;  // throws std::logic_error, WrongThread
};

}  // namespace tendril
