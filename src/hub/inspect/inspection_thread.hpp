// SPDX-License-Identifier: MIT
//
// InspectionThread: the OS thread that answers at the process's socket (inspection.hpp), and writes the trace when a
// signal asks for it. There is one at most, from when it is first wanted to the end of the process.
//
// It speaks as much HTTP/1.0 as that takes: one GET for each connection, one connection at a time, each bounded in time
// and size, so that a client that hangs only makes the next one wait.

#pragma once

#include <atomic>
#include <string>
#include <string_view>

#include <tendril/detail/base/mutex.hpp>

#include "base/at_fork.hpp"
#include "base/plain_thread.hpp"

namespace tendril::detail {

class InspectionThread {
public:
    static InspectionThread& the() noexcept;

    // Opens the socket, unless it is open. Returns: its address. Throws: std::system_error.
    std::string open();
    void open_if_asked() noexcept;  // by TENDRIL_INSPECT, TENDRIL_TRACE_SIGNAL; once
    void stop() noexcept;           // at exit

private:
    InspectionThread() = default;
    void start() TENDRIL_REQUIRES(mutex_);
    void watch_signal(std::string_view name) TENDRIL_REQUIRES(mutex_);
    TENDRIL_NOT_ANALYZED void forked() noexcept;
    void run() noexcept;
    void serve(int client) noexcept;
    static void on_signal(int) noexcept;

    // Taken while a hub is made; starts an OS thread, asks the Traces, whose mutex is blocking_watch.
    Mutex mutex_{Rank::signals};
    PlainThread thread_ TENDRIL_GUARDED_BY(mutex_);
    bool asked_ TENDRIL_GUARDED_BY(mutex_) = false;
    bool reopen_ TENDRIL_GUARDED_BY(mutex_) = false;  // in a child: its parent's socket was open
    std::atomic<int> listener_{-1};
    std::atomic<int> wake_{-1};  // an eventfd: stop, a new listener, or the signal
    std::atomic<bool> stopping_{false};
    std::atomic<bool> trace_wanted_{false};

    const AtFork at_fork_{this, [](void* self) noexcept { static_cast<InspectionThread*>(self)->forked(); }};
};

}  // namespace tendril::detail
