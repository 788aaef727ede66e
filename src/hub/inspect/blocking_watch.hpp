// SPDX-License-Identifier: MIT
//
// BlockingWatch: the list of all hubs, and the OS thread that watches them. There is one, which is never destroyed.

#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <tendril/blocking_watch.hpp>
#include <tendril/detail/base/list.hpp>
#include <tendril/detail/base/mutex.hpp>

#include "base/at_fork.hpp"
#include "base/thread_call.hpp"
#include "base/thread_condition.hpp"
#include "hub/heartbeat.hpp"

namespace tendril::detail {

class BlockingWatch {
public:
    static BlockingWatch& the() noexcept;

    void join_list(Heartbeat& hub);
    void leave_list(Heartbeat& hub) noexcept;
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

    // In the child of a fork() that goes on with a hub: watches that hub, if the watch was on.
    void restart_in_child() noexcept;

private:
    static constexpr unsigned looks_per_threshold = 4;

    struct Seen {
        std::uint64_t os_thread;
        Sighting sighting;
        std::string call;  // where it was seen from outside: what it waits in
    };

    enum class Look : std::uint8_t {
        unable,  // memory cannot be read from outside
        seen,    // there may be something to be told later
        told,
    };
    // What was seen of a hub from outside, while it is stuck.
    struct Outside {
        Heartbeat::Moment moment;
        std::int64_t since_ns = 0;
        bool told = false;
    };

    BlockingWatch() = default;
    void configure_once();
    void start();
    void start_or_report() noexcept;
    void forked() noexcept;
    void have_signal();
    void run() noexcept;
    bool look_at_hubs() noexcept;
    void look_closer(Heartbeat& hub);
    Look look_from_outside(Heartbeat& hub, const ThreadCall& call, Outside& outside);
    void collect(Heartbeat& hub);
    void deliver(std::unique_lock<Mutex>& lock);
    static void on_signal(int, siginfo_t*, void* context) noexcept;

    Mutex mutex_{Rank::blocking_watch};  // guards all that follows, and the list of hubs
    ThreadCondition changed_;
    ThreadCondition delivered_;
    std::thread thread_;
    std::shared_ptr<const BlockHandler> handler_;  // so that nothing of the user's is copied under the mutex
    List<Pause> pauses_;
    std::vector<Seen> seen_;                     // to be delivered
    std::map<const Heartbeat*, Outside> stuck_;  // hubs that seem to be
    bool configured_ = false;
    bool stopping_ = false;
    bool delivering_ = false;
    int signal_ = 0;                             // 0: none yet
    std::atomic<std::int64_t> threshold_ns_{0};  // 0: off. Read by the handler too
    std::atomic<bool> dozes_{false};             // until a hub wakes up

    const AtFork at_fork_{this, [](void* self) noexcept { static_cast<BlockingWatch*>(self)->forked(); }};
};

}  // namespace tendril::detail
