// SPDX-License-Identifier: MIT
//
// ChildProcess: one of our children, from its start until it is reaped. The first call that finds it ended reaps it;
// all callers see the result.
//
// 1. While the child runs, this holds its pidfd, which becomes readable when the process ends. So a pid that the
//    system has given to another process is never used. The pidfd is closed when the child is reaped, or is lost
//    because other code waited for it.
// 2. The hub watches the pidfd from the first wait on. The watch alone does not keep the hub alive; a waiter does.
// 3. Belongs to its hub's OS thread. Other OS threads may only ask an orphan that no hub watches (orphans.hpp).

#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <tendril/deadline.hpp>
#include <tendril/detail/base/stand.hpp>
#include <tendril/detail/sync/wait_queue.hpp>
#include <tendril/fd.hpp>

#include "base/at_fork.hpp"
#include "hub/descriptor.hpp"
#include "hub/here.hpp"

namespace tendril::detail {

// Whether our child has ended; does not reap it. what: the call, for errors. Throws: std::system_error (ECHILD: not a
// child of ours); std::invalid_argument for pid <= 0.
bool has_ended(pid_t pid, const std::string& what);

class ChildProcess : public ListNode {
public:
    ChildProcess();
    ChildProcess(const ChildProcess&) = delete;
    ChildProcess& operator=(const ChildProcess&) = delete;
    ~ChildProcess();

    void began(pid_t pid, Fd pidfd) noexcept;
    void adopt(pid_t pid, const std::string& what);  // began() for other code's child; throws if it is not a child

    pid_t pid() const noexcept { return pid_; }
    bool running() const noexcept { return ending_.state == State::running; }
    std::optional<int> returncode() const noexcept;
    int result() const { return ending_.code(pid_); }  // throws ECHILD if it was lost. Requires: !running()

    // Asks the system; reaps the child if it has ended. Never waits. Returns: whether it has ended.
    bool ask() noexcept;

    enum class State : std::uint8_t { running, ended, lost };
    struct Ending {
        State state = State::running;
        int result = 0;             // ended: the return code; lost: the errno
        int code(pid_t pid) const;  // as result()
    };

    // Suspends until the child has ended. `what` names the call; `done` is for the TimeoutError. Returns: how it has
    // ended; this may have gone then, because another waiter has destroyed it. Throws: TimeoutError, Interrupt,
    // std::system_error.
    Ending await(const char* what, Deadline deadline, std::size_t done = 0);

    void observe(Observer& observer);

    int signal(int number) noexcept;        // 0 or -errno
    int signal_group(int number) noexcept;  // to the group that it leads, until it is reaped. 0 or -errno

    // For orphans. watch() throws std::system_error; unwatch() does nothing after the hub has ended.
    void require_here() const { here::require_owner("a child process", owner_); }
    bool is_here() const noexcept {
        return owner_ == OsThread::current_serial() && here::has_hub() && !here::in_foreign_child();
    }
    bool of_the_parent() const noexcept { return generation_ != fork_generation(); }  // after a fork()
    bool watched_elsewhere() const noexcept { return was_watched() && owner_ != OsThread::current_serial(); }
    bool waited_for() noexcept { return waiters_.any(); }
    void watch();
    void unwatch() noexcept;
    void keep_alive(bool on) noexcept;  // the hub, for observers
    bool orphan = false;                // deleted when it ends

private:
    struct Watch : Interest {
        ChildProcess& child;
        explicit Watch(ChildProcess& c) noexcept;
    };

    bool was_watched() const noexcept { return watch_.descriptor != nullptr; }
    void on_event(Events what) noexcept;
    void finish(State how, int result) noexcept;

    Ending ending_;
    pid_t pid_ = 0;
    Fd pidfd_;
    const std::uint64_t owner_;
    const std::uint64_t generation_ = fork_generation();
    Watch watch_{*this};
    Presence keeps_;  // the hub asleep, for observers
    Stands stands_;   // of the waiters
    WaitQueue waiters_{"a child process"};
};

// While a green thread waits for an Interest: lets a hub with nothing else to wait for sleep instead of throwing
// LoopExit.
class KeepAlive {
public:
    KeepAlive() noexcept { here::keep_awaiting(keeps_); }
    KeepAlive(const KeepAlive&) = delete;
    KeepAlive& operator=(const KeepAlive&) = delete;

    ~KeepAlive() = default;

private:
    Presence keeps_;
};

}  // namespace tendril::detail
