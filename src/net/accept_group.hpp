// SPDX-License-Identifier: MIT
//
// AcceptGroup: an AcceptLoop in this hub, and with hubs > 1 one more in each OS thread that it starts.
//
// If the listener has SO_REUSEPORT, every hub listens for itself, at the same address. Otherwise this hub accepts for
// all: each connection goes, as a descriptor, through a queue to the hub with the fewest connections.

#pragma once

#include <memory>

#include "net/accept_loop.hpp"

namespace tendril::detail {

class AcceptGroup {
public:
    // Requires: `listener` outlives the group. closes: whether to close it at the end of accepting.
    // Throws: std::invalid_argument; EBADF for a closed listener.
    AcceptGroup(Listener& listener, bool closes, ConnectionHandler handler, const StreamServerOptions& options);
    AcceptGroup(const AcceptGroup&) = delete;
    AcceptGroup& operator=(const AcceptGroup&) = delete;
    ~AcceptGroup();  // Requires: run() is not under way.

    // Starts the other hubs. Throws: what their start threw; all of them have then ended.
    void start_other_hubs();

    // Serves until it is stopped. Requires: start_other_hubs() has returned. Throws: as serve().
    void run();

    // To be called in the OS thread that made the group.
    void stop(Duration drain) noexcept;
    void pause(bool paused) noexcept;
    bool handles_here() const { return loop_->handles_here(); }
    std::size_t running() const noexcept { return loop_->running(); }
    std::size_t killed() const noexcept;  // in all hubs, once run() has ended

private:
    class Team;
    class StopOnRequest;
    std::stop_token token_;
    Duration drain_;
    std::shared_ptr<Team> team_;  // nullptr: one hub
    std::shared_ptr<AcceptLoop> loop_;
};

}  // namespace tendril::detail
