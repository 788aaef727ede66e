// SPDX-License-Identifier: MIT
// Floor: process
//
// hand_over: a graceful restart. A new program, say the next version of this one, inherits the listening sockets and
// serves them. When it reports that it does, this program stops accepting, and drains. The sockets are open all the
// time: no connection is refused, and those in the backlog go to the new program.
//
//     Popen next = hand_over({{"http", &listener}}, {"/usr/bin/server", "--flags"}, 30s);
//     server.stop(60s);
//
// The new program takes them by inherited_sockets() and calls notify_ready(), both in socket_activation.hpp.

#pragma once

#include <string>
#include <vector>

#include <tendril/deadline.hpp>
#include <tendril/process.hpp>
#include <tendril/socket.hpp>

namespace tendril {

// A listening socket to hand over, and the name by which the new program finds it.
struct HandedOver {
    std::string name;          // without ":" and "="
    const Listener* listener;  // open; stays this program's too
};

// Starts the program `argv` with the sockets, and waits until it has called notify_ready(). Suspends the calling green
// thread only.
// Returns: the new program; it continues to run when the Popen is dropped.
// Throws: TimeoutError if it was not ready by the deadline; std::runtime_error if it ended before; Interrupt. In these
// cases the new program is killed and reaped, and this program serves as before. std::invalid_argument for a closed
// listener or an invalid name; otherwise as the constructor of Popen.
Popen hand_over(const std::vector<HandedOver>& sockets, const std::vector<std::string>& argv,
                Deadline deadline = never);

}  // namespace tendril
