// SPDX-License-Identifier: MIT
// Floor: net
//
// Descriptors that travel over a Unix-domain stream: to hand a connection, or an open file, to another process.
//
//     send_message(socket, "take this", {{connection.fd()}});
//     SocketMessage m = recv_message(socket, buffer, 1);
//
// The bytes are a stream's, as with send_all() and recv(), which may be used too; a receiver that calls recv() gets the
// bytes, and the kernel drops the descriptors. message_pipe.hpp sends whole messages with descriptors.

#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include <tendril/bytes.hpp>
#include <tendril/deadline.hpp>
#include <tendril/fd.hpp>
#include <tendril/socket.hpp>

namespace tendril {

constexpr std::size_t most_descriptors_at_once = 253;  // the kernel's limit

struct SocketMessage {
    std::size_t size = 0;         // bytes that came; 0 at the end
    std::vector<Fd> descriptors;  // closed on exec
    // There were more than were asked for, or than this process may have open; those are closed.
    bool descriptors_lost = false;
};

// Sends everything, and copies of the descriptors with the first byte; the sender's stay its own.
// Throws: as send_all(): where done() is 0 they were not sent; std::system_error (ETOOMANYREFS: too many are under
// way); std::invalid_argument: descriptors without a byte, or too many.
void send_message(TcpSocket& socket, Bytes bytes, std::span<const int> descriptors, Deadline deadline = never);

// Waits for data, as recv(), and takes at most so many descriptors that come with its first byte. Those that come with
// later bytes come with a later call.
// Throws: as recv(); then none was taken.
SocketMessage recv_message(TcpSocket& socket, Buffer buffer, std::size_t most_descriptors, Deadline deadline = never);

}  // namespace tendril
