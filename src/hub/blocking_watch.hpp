// SPDX-License-Identifier: MIT
//
// BlockingWatch: the list of all hubs, and the OS thread that watches them. There is one, and it is never destroyed.

#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <tendril/blocking_watch.hpp>
#include <tendril/detail/base/list.hpp>
#include <tendril/detail/base/mutex.hpp>

#include "base/at_fork.hpp"
#include "base/plain_thread.hpp"
#include "base/thread_call.hpp"
#include "base/thread_condition.hpp"
#include "hub/heartbeat.hpp"

namespace tendril::detail {

class Mailbox;

class BlockingWatch {
public:
    static BlockingWatch& the() noexcept;

    void join_list(Heartbeat& hub);
    void leave_list(Heartbeat& hub) noexcept;
    // What another OS thread may know of a hub without asking it.
    struct KnownHub {
        std::uint64_t os_serial;
        pid_t kernel_thread;
        std::shared_ptr<Mailbox> mailbox;
    };
    std::vector<KnownHub> hubs();  // throws std::bad_alloc

    void set(std::chrono::nanoseconds threshold, BlockHandler handler);
    void wake_if_dozing() noexcept;
    void stop() noexcept;  // at exit

    // Around fork(): waits until no handler runs in the watching OS thread, and lets none begin while it lives.
    class Pause : private ListNode {
    public:
        Pause() noexcept;
        Pause(const Pause&) = delete;
        Pause& operator=(const Pause&) = delete;
        ~Pause();

    private:
        friend class List<Pause>;
    };

    // In the child of a fork() that keeps its hub: watches that hub, if the watch was on.
    void restart_in_child() noexcept;

private:
    static constexpr unsigned looks_per_threshold = 4;

    struct Seen {
        std::uint64_t os_thread;
        Sighting sighting;
        std::string call;  // the system call it waits in, if seen from outside
    };

    enum class Look : std::uint8_t {
        unable,  // memory cannot be read from outside
        seen,    // nothing to report yet
        told,
    };
    // What was seen from outside of a hub that is stuck.
    struct Outside {
        Heartbeat::Moment moment;
        std::int64_t since_ns = 0;
        bool told = false;
    };

    BlockingWatch() = default;
    void configure_once() TENDRIL_REQUIRES(mutex_);
    void start() TENDRIL_REQUIRES(mutex_);
    void start_or_report() noexcept TENDRIL_REQUIRES(mutex_);
    TENDRIL_NOT_ANALYZED void forked() noexcept;
    void have_signal() TENDRIL_REQUIRES(mutex_);
    void run() noexcept;
    bool look_at_hubs() noexcept TENDRIL_REQUIRES(mutex_);
    void look_closer(Heartbeat& hub) TENDRIL_REQUIRES(mutex_);
    Look look_from_outside(Heartbeat& hub, const ThreadCall& call, Outside& outside) TENDRIL_REQUIRES(mutex_);
    void collect(Heartbeat& hub) TENDRIL_REQUIRES(mutex_);
    static bool allowed_from_outside(const HubCore& core, std::uint64_t greenlet, std::int64_t now_ns) noexcept;
    TENDRIL_NOT_ANALYZED void deliver(MutexLock& lock);
    static void on_signal(int, siginfo_t*, void* context) noexcept;

    Mutex mutex_{Rank::blocking_watch};  // guards the list of hubs too
    ThreadCondition changed_;
    ThreadCondition delivered_;
    PlainThread thread_ TENDRIL_GUARDED_BY(mutex_);      // until stop() takes it, to join it
    pthread_t watcher_ TENDRIL_GUARDED_BY(mutex_) = {};  // its id
    // Shared, so that nothing of the user's is copied under the mutex.
    std::shared_ptr<const BlockHandler> handler_ TENDRIL_GUARDED_BY(mutex_);
    List<Pause> pauses_ TENDRIL_GUARDED_BY(mutex_);
    std::vector<Seen> seen_ TENDRIL_GUARDED_BY(mutex_);                     // waiting for delivery
    std::map<const Heartbeat*, Outside> stuck_ TENDRIL_GUARDED_BY(mutex_);  // the hubs that seem to be stuck
    bool configured_ TENDRIL_GUARDED_BY(mutex_) = false;
    bool stopping_ TENDRIL_GUARDED_BY(mutex_) = false;
    bool delivering_ TENDRIL_GUARDED_BY(mutex_) = false;
    int signal_ TENDRIL_GUARDED_BY(mutex_) = 0;  // 0: none yet
    std::atomic<std::int64_t> threshold_ns_{0};  // 0: off. The signal handler reads it too
    std::atomic<bool> dozes_{false};             // until a hub wakes up

    const AtFork at_fork_{this, [](void* self) noexcept { static_cast<BlockingWatch*>(self)->forked(); }};
};

}  // namespace tendril::detail
