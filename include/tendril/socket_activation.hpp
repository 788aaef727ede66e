// SPDX-License-Identifier: MIT
// Floor: net
//
// Sockets that another program opened for this one: systemd, by socket activation (sd_listen_fds(3)); or this one's
// predecessor, at a graceful restart (hand_over() in handover.hpp). Nothing here waits.
//
//     for (InheritedSocket& s : inherited_sockets()) {
//         if (s.name == "http") serve(Listener(std::move(s.fd)), handler);
//     }

#pragma once

#include <string>
#include <vector>

#include <tendril/fd.hpp>

namespace tendril {

// A socket that systemd has handed over.
struct InheritedSocket {
    std::string name;  // from LISTEN_FDNAMES or hand_over(); "unknown" if none was given
    Fd fd;             // for the constructor of a Listener or a UdpSocket; closed on exec
};

// Takes the inherited sockets, and removes the environment variables that announce them, so that no other part of the
// program and no child takes them again. Call it early, before other OS threads read the environment.
// Returns: systemd's sockets, then those handed over; none of systemd's if LISTEN_PID names another process.
// Throws: std::system_error for a descriptor that is not open; std::invalid_argument for variables that make no sense.
std::vector<InheritedSocket> inherited_sockets();

// Tells the program that handed its sockets over that this one serves now. Does nothing if there is no such program, or
// if it no longer waits.
// Throws: std::system_error; std::invalid_argument for a variable that makes no sense.
void notify_ready();

}  // namespace tendril
