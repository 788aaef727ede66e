// SPDX-License-Identifier: MIT
//
// AcceptGroup: an AcceptLoop in this hub, and with hubs > 1 one in each of the OS threads that it starts beside it.
//
// With a listener that has SO_REUSEPORT every hub listens itself, at the same address. Any other is accepted from here:
// the connection goes, as a descriptor, through a queue to the hub that has least to do.

#pragma once

#include <memory>

#include "net/accept_loop.hpp"

namespace tendril::detail {

class AcceptGroup {
public:
    // listener outlives it. closes: it is closed when no more is accepted.
    // Throws: std::invalid_argument; EBADF for a closed listener.
    AcceptGroup(Listener& listener, bool closes, ConnectionHandler handler, const StreamServerOptions& options);
    AcceptGroup(const AcceptGroup&) = delete;
    AcceptGroup& operator=(const AcceptGroup&) = delete;
    ~AcceptGroup();  // run() is not under way

    // Starts the other hubs. Throws: what their start threw; none is left then.
    void start_other_hubs();

    // After start_other_hubs(): serves until it is stopped. Throws: as serve().
    void run();

    // In the OS thread that made it.
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
