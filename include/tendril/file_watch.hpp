// SPDX-License-Identifier: MIT
// Floor: process
//
// FileWatch: waits in line for changes of a file, a folder or what a link leads to.
//
//     FileWatch settings("/etc/app.conf");
//     for (;;) {
//         load("/etc/app.conf");
//         settings.wait();                     // also if it has changed while it was being loaded
//     }
//
// It watches from its construction on. A change that comes while no green thread waits is kept, so none is lost between
// two calls of wait(); changes that come before they are taken are merged into one. What counts as a change, and when
// the kernel reports it or the hub must look every interval, is said at the Stat watcher (watchers.hpp).
//
// A FileWatch belongs to the OS thread that made it (WrongThread). It keeps the hub from LoopExit only while a green
// thread waits. In the child of a fork() it watches again from its next wait() on.

#pragma once

#include <memory>
#include <optional>
#include <string>

#include <tendril/deadline.hpp>
#include <tendril/detail/hub/observer.hpp>
#include <tendril/watchers.hpp>

namespace tendril {

class FileWatch {
public:
    // Begins to watch; the file need not exist. interval: how often it looks where the kernel does not report changes.
    // Throws: std::invalid_argument for an empty path, one with a zero byte, or an interval of zero.
    explicit FileWatch(std::string path, Duration interval = std::chrono::seconds(5));

    FileWatch(FileWatch&&) noexcept;
    FileWatch& operator=(FileWatch&&) noexcept;
    ~FileWatch();  // Requires: nobody waits. Aborts otherwise

    // Suspends until the file has changed, appeared or disappeared, and takes the change. Several green threads may
    // wait; one of them gets it. Returns: the attributes before the first change and after the last one that were not
    // taken yet; at once, without yielding, if a change was kept.
    // Throws: TimeoutError, Interrupt: nothing is taken, and what changes meanwhile is kept; HubBlocked;
    // std::logic_error if it was moved from, or destroyed by the one that got the change.
    StatChange wait(Deadline deadline = never);

    // Takes a change that was kept. Never waits. The hub notices changes at its turns.
    std::optional<StatChange> take();

    FileAttributes current() const;  // as last seen; does not look

    // For wait() and iwait() of wait.hpp: ready while take() has something to take. Takes nothing.
    bool ready() const noexcept;
    void observe(detail::Observer& observer) const;

private:
    struct State;
    State& use() const;
    std::unique_ptr<State> state_;
};

// Waits for a change that comes during this call. Changes before it and after it are not noticed: to miss none, keep a
// FileWatch. Returns and throws: as FileWatch's constructor and wait().
StatChange wait_file_change(std::string path, Deadline deadline = never);

}  // namespace tendril
