// SPDX-License-Identifier: MIT
// Floor: net
//
// Sockets that another program opened for this one: systemd's socket activation (sd_listen_fds(3)), and the program
// before this one, at a graceful restart (hand_over() in handover.hpp).
//
//     for (InheritedSocket& s : inherited_sockets()) {
//         if (s.name == "http") serve(Listener(std::move(s.fd)), handler);
//     }

#pragma once

#include <string>
#include <vector>

#include <tendril/fd.hpp>

namespace tendril {

struct InheritedSocket {
    std::string name;  // as it was given: LISTEN_FDNAMES; "unknown" when it was not
    Fd fd;             // for a Listener or a UdpSocket; closed on exec
};

// Takes them: the environment variables are removed, so that no other part of the program, nor a child, takes them
// again. Call it early, before other OS threads read the environment.
// Returns: none when LISTEN_PID names another process. Throws: std::system_error for a descriptor that is not open;
// std::invalid_argument for variables that make no sense.
std::vector<InheritedSocket> inherited_sockets();

// Tells the program that handed its sockets over that this one serves now. Nothing to tell: nothing happens.
void notify_ready();

}  // namespace tendril
