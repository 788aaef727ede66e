// SPDX-License-Identifier: MIT
// Floor: net
//
// Sending descriptors over a Unix-domain stream: hands a connection, or an open file, to another process.
//
//     send_message(socket, "take this", {{connection.fd()}});
//     SocketMessage m = recv_message(socket, buffer, 1);
//
// The bytes are part of the stream: there are no message boundaries, and send_all() and recv() may be used in between.
// If the receiver calls recv(), it gets the bytes, and the kernel drops the descriptors. message_pipe.hpp sends whole
// messages with descriptors. What stream.hpp says of send_all() and recv() holds for these calls too.

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

// What recv_message() returns.
struct SocketMessage {
    std::size_t size = 0;         // bytes put into the buffer; 0 at the end of the stream
    std::vector<Fd> descriptors;  // owned by the receiver; closed on exec
    // More descriptors came than `most_descriptors`, or than this process may have open; the surplus was closed.
    bool descriptors_lost = false;
};

// Sends all bytes, and copies of the descriptors with the first one; the sender keeps its own. Without descriptors it
// is send_all().
// Throws: as send_all(); if a TimeoutError's done() is 0, the descriptors were not sent. std::system_error
// (ETOOMANYREFS: too many descriptors are in flight); std::invalid_argument for descriptors without a byte, or too
// many.
void send_message(TcpSocket& socket, Bytes bytes, std::span<const int> descriptors, Deadline deadline = never);

// Waits for data, as recv(), and takes the descriptors that came with its first byte, `most_descriptors` at most.
// Descriptors that were sent with later bytes arrive with a later call. Does nothing for an empty buffer.
// Throws: as recv(); no descriptor was taken then.
SocketMessage recv_message(TcpSocket& socket, Buffer buffer, std::size_t most_descriptors, Deadline deadline = never);

}  // namespace tendril
