// SPDX-License-Identifier: MIT
// Floor: hub
//
// Watchers: callbacks for what happens to a hub: libev's event kinds. Programs seldom need them, for a green thread
// that waits says the same in a line; they are for schedulers, other libraries' descriptors, and what comes unasked.
//
//     Timer tick(1s, [] { std::puts("tick"); }, {.repeat = 1s});
//     Signal quit(SIGTERM, [&](int) { stop.set(); });
//
// A watcher is active from its construction until stop(), its destruction or, where it says so, its one event. Its
// callback runs in its hub's own green thread: it must not wait (HubBlocked), may spawn, and may stop, restart or
// destroy any watcher, its own too. What it throws goes to the hub's error handler. Events that come before the
// callback has run are one. An active watcher keeps its hub asleep, where it would otherwise throw LoopExit, unless it
// was made with ref = false. Everything here belongs to the OS thread that made it; in the child of a fork() no watcher
// is active, until it is started again. One that outlives its hub does nothing. Example: examples/watchers.cpp

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

namespace tendril {

namespace detail {
class WatcherState;
}

struct WatcherOptions {
    bool ref = true;  // keeps the hub alive
};

class Watcher {
public:
    Watcher(Watcher&& other) noexcept;
    Watcher& operator=(Watcher&& other) noexcept;
    ~Watcher();  // stops it; on its own OS thread

    // Again, after stop() or after its event; nothing when active. Throws: as the constructor; std::logic_error when it
    // was moved from, or its hub has ended; WrongThread.
    void start();
    // Its callback will not run any more, also when it was due already. On its own OS thread: another is refused, and
    // that reported.
    void stop() noexcept;

    bool active() const noexcept;
    bool pending() const noexcept;  // the callback is due, and has not run yet
    void set_ref(bool ref);

protected:
    explicit Watcher(std::unique_ptr<detail::WatcherState> state);
    detail::WatcherState& state() const;

private:
    void drop() noexcept;
    detail::WatcherState* state_;  // nullptr: moved from
};

// What a descriptor is ready for: a set.
enum class IoEvents : std::uint8_t { none = 0, read = 1, write = 2, priority = 4, closed = 16 };
constexpr IoEvents operator|(IoEvents a, IoEvents b) noexcept {
    return static_cast<IoEvents>(static_cast<unsigned>(a) | static_cast<unsigned>(b));
}
constexpr IoEvents operator&(IoEvents a, IoEvents b) noexcept {
    return static_cast<IoEvents>(static_cast<unsigned>(a) & static_cast<unsigned>(b));
}
constexpr bool any(IoEvents e) noexcept {
    return e != IoEvents::none;
}

// Runs while a descriptor is ready, again and again (level-triggered); an error or hang-up is readable and writable.
// Runs once with `closed`, and is stopped, when the number was closed in this hub or the backend found it closed: tell
// the hub by closing(fd) of select.hpp before you close a number that is watched.
class Io : public Watcher {
public:
    using Callback = detail::Callback<void(IoEvents)>;

    // Throws: std::invalid_argument for a negative fd, for no events or an empty callback; std::system_error: EBADF,
    // EPERM (a regular file is always ready).
    Io(int fd, IoEvents events, Callback callback, WatcherOptions options = {});

    // Another descriptor, other events. Requires: not active; std::logic_error otherwise.
    void set(int fd, IoEvents events);
};

struct TimerOptions {
    Duration repeat = {};  // after the first time; 0: once only
    bool ref = true;
};

// Runs when time has passed: `after` from its start, then each `repeat`, never early. A late one does not catch up.
class Timer : public Watcher {
public:
    using Callback = detail::Callback<void()>;

    // Throws: std::invalid_argument for a negative time or an empty callback.
    Timer(Duration after, Callback callback, TimerOptions options = {});

    // From now, `repeat` must pass before it runs next; without a repeat it stops. For timeouts that activity puts off.
    void again();
    std::chrono::nanoseconds remaining() const noexcept;  // until it is due; 0 when not active
};

// Runs when the wall clock says so: at `first`, then each `interval` (0: once only), never early. Somebody who sets the
// clock moves it too: forwards past its time it is due at once, and once; backwards it waits for the clock to come
// there again. Where `first` has passed already, it is due at once if it is the only time, else the next one counts.
class Periodic : public Watcher {
public:
    using Callback = detail::Callback<void()>;

    // Throws: std::invalid_argument for a negative interval or an empty callback; std::system_error.
    template <class Unit>
    Periodic(std::chrono::time_point<std::chrono::system_clock, Unit> first, Duration interval, Callback callback,
             WatcherOptions options = {})
        : Periodic(SinceEpoch{detail::saturated_ns(first.time_since_epoch())}, interval, std::move(callback), options) {
    }

    std::chrono::system_clock::time_point next() const;  // when it is due; the last time when not active

private:
    struct SinceEpoch {
        std::int64_t ns;
    };
    Periodic(SinceEpoch first, Duration interval, Callback callback, WatcherOptions options);
};

// Runs whenever nothing else is ready, all the time: the hub does not sleep meanwhile.
class Idle : public Watcher {
public:
    explicit Idle(detail::Callback<void()> callback, WatcherOptions options = {});
};

// Runs before the hub looks for events, perhaps to sleep; Check runs after it has.
class Prepare : public Watcher {
public:
    explicit Prepare(detail::Callback<void()> callback, WatcherOptions options = {});
};
class Check : public Watcher {
public:
    explicit Check(detail::Callback<void()> callback, WatcherOptions options = {});
};

// Runs in the child of a fork(), before the call returns there.
class Fork : public Watcher {
public:
    explicit Fork(detail::Callback<void()> callback);
};

struct ChildStatus {
    pid_t pid = 0;
    int code = 0;    // as exit() got it; -1 when it is not known: somebody else has waited for it
    int signal = 0;  // that ended it, 0 when it ended by itself
};

// Runs once, when the child process has ended, and reaps it; by a pidfd, so no handler for SIGCHLD is needed.
class Child : public Watcher {
public:
    using Callback = detail::Callback<void(const ChildStatus&)>;

    // Throws: std::system_error (ESRCH: no such process); std::invalid_argument.
    Child(pid_t pid, Callback callback, WatcherOptions options = {});
};

// What there is to know of a file, or that there is none.
struct FileAttributes {
    bool exists = false;
    std::uint64_t size = 0;
    std::uint64_t device = 0, inode = 0, links = 0;
    std::uint32_t mode = 0;  // type and permissions
    std::uint32_t owner = 0, group = 0;
    std::chrono::system_clock::time_point modified{};  // its content
    std::chrono::system_clock::time_point changed{};   // its content or its attributes
    friend bool operator==(const FileAttributes&, const FileAttributes&) = default;
};

struct StatChange {
    FileAttributes previous;
    FileAttributes current;
};

struct StatOptions {
    Duration interval = std::chrono::seconds(5);  // how often it looks where the kernel does not tell
    bool ref = true;
};

// Runs when a file has changed, has come, has gone, or another has taken its name; what a link leads to, for a link.
// Several changes that come together are one. The kernel tells of changes (inotify); where it does not, it looks every
// interval: on network file systems, for links, while the file's directory does not exist, and when inotify's limits
// are reached. A rename of a directory further up is noticed with the next change only. It looks from the hub's own OS
// thread: a network file system that hangs holds up the hub.
class Stat : public Watcher {
public:
    using Callback = detail::Callback<void(const StatChange&)>;

    // Throws: std::invalid_argument for an empty path or callback, or an interval that is not positive.
    Stat(std::string path, Callback callback, StatOptions options = {});

    const FileAttributes& current() const;  // as it last saw them
};

// Runs when the signal has come to the process; in each hub that watches it. While any does, the signal has no other
// effect; then it has the effect that it had before. Does not keep the hub alive unless asked to.
class Signal : public Watcher {
public:
    using Callback = detail::Callback<void(int)>;

    // Throws: std::invalid_argument for a number that cannot be caught, or that says what the program did wrong
    // (SIGSEGV, ...).
    Signal(int number, Callback callback, WatcherOptions options = {.ref = false});
};

}  // namespace tendril
