// SPDX-License-Identifier: MIT
//
// BlockingWatch: the list of all hubs, and the OS thread that watches them. There is one, which is never destroyed.

#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <tendril/blocking_watch.hpp>

#include "base/thread_call.hpp"
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
    void hold();
    void release() noexcept { mutex_.unlock(); }
    static void restart_after_fork();

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
    void have_signal();
    void run() noexcept;
    bool look_at_hubs() noexcept;
    void look_closer(Heartbeat& hub);
    Look look_from_outside(Heartbeat& hub, const ThreadCall& call, Outside& outside);
    void collect(Heartbeat& hub);
    void deliver(std::unique_lock<std::mutex>& lock);
    static void on_signal(int, siginfo_t*, void* context) noexcept;

    std::mutex mutex_;  // guards all that follows, and the list of hubs
    std::condition_variable changed_;
    std::condition_variable delivered_;
    std::thread thread_;
    BlockHandler handler_;
    std::vector<Seen> seen_;                     // to be delivered
    std::map<const Heartbeat*, Outside> stuck_;  // hubs that seem to be
    bool configured_ = false;
    bool stopping_ = false;
    bool delivering_ = false;
    int signal_ = 0;                             // 0: none yet
    std::atomic<std::int64_t> threshold_ns_{0};  // 0: off. Read by the handler too
    std::atomic<bool> dozes_{false};             // until a hub wakes up
};

}  // namespace tendril::detail
