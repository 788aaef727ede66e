// SPDX-License-Identifier: MIT
// Floor: process
//
// hand_over: a graceful restart. A new program, say the next version of this one, inherits the listening sockets and
// serves them; when it says so, this one stops accepting and drains. The sockets are open all the time: no connection
// is refused, and those that wait in the backlog are the new program's.
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

struct HandedOver {
    std::string name;  // without ":" and "="
    const Listener* listener;
};

// Returns: the new program, once it has called notify_ready(); it goes on when the Popen is dropped.
// Throws: TimeoutError when it did not in time, std::runtime_error when it ended before; it is killed then, and this
// program serves as before. As Popen otherwise; Interrupt: the same.
Popen hand_over(const std::vector<HandedOver>& sockets, const std::vector<std::string>& argv,
                Deadline deadline = never);

}  // namespace tendril
