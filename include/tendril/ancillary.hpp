// SPDX-License-Identifier: MIT
// Floor: net
//
// Ancillary data: what the system tells about a message, or does with it, besides its bytes: recvmsg(2), sendmsg(2),
// cmsg(3), with types instead of control messages.
//
//     UdpSocket socket = UdpSocket::bound("0.0.0.0:53", {.settings = {{option::packet_info, true}}});
//     ReceivedMessage asked = recv_message(socket, buffer, {}, 5s);
//     send_message(socket, answer, {.to = asked.from, .from = asked.ancillary.packet->local});
//
// Most kinds must be switched on by a socket option: socket_options.hpp, "What recv_message() receives". The calls
// wait, yield and end as recv() and send() of the socket do, with every backend: a kill or a timeout takes no message,
// so no descriptor.
//
// Received descriptors are owned from the moment at which the system hands them over: what the caller did not ask for,
// and what an exception leaves behind, is closed. They are closed on exec. Example: examples/answer_from.cpp

#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <tendril/address.hpp>
#include <tendril/bytes.hpp>
#include <tendril/deadline.hpp>
#include <tendril/fd.hpp>
#include <tendril/seqpacket_socket.hpp>
#include <tendril/socket.hpp>
#include <tendril/socket_message.hpp>
#include <tendril/udp_socket.hpp>

namespace tendril {

// Which way a datagram came (option::packet_info).
struct PacketInfo {
    Address destination;     // that it was sent to: an address of this machine, a group, a broadcast; port 0
    Address local;           // of this machine, to answer from; of no family if IPv6 sent it to a group
    unsigned interface = 0;  // the number of the one it came in by: if_indextoname(3)
};

// An answer of the network to a datagram that was sent (option::queue_errors): ip(7), "IP_RECVERR".
struct NetworkError {
    int error = 0;            // an errno: ECONNREFUSED, EHOSTUNREACH, EMSGSIZE, ...
    std::uint8_t origin = 0;  // SO_EE_ORIGIN_LOCAL, _ICMP, _ICMP6, ... of <linux/errqueue.h>
    std::uint8_t type = 0;    // of the ICMP message
    std::uint8_t code = 0;    // likewise
    std::uint32_t info = 0;   // for EMSGSIZE: the path's MTU, in bytes
    Address reporter = {};    // the router or host that answered; of no family if it was this machine
};

// A control message of a kind that has no type here: the escape, in both directions.
struct ControlMessage {
    int level = 0;          // SOL_SOCKET, IPPROTO_IP, ...
    int type = 0;           // SCM_..., IP_..., ...
    std::string data = {};  // as the system has it
};

// What came along with a message.
struct ReceivedAncillary {
    std::vector<Fd> descriptors = {};                 // Unix domain (SCM_RIGHTS)
    Fd process = {};                                  // Unix domain, with SO_PASSPIDFD (Linux 6.5): the sending process
    std::optional<PeerCredentials> credentials = {};  // option::credentials; checked by the kernel
    std::optional<PacketInfo> packet = {};            // option::packet_info
    std::optional<std::chrono::system_clock::time_point> time = {};  // option::receive_time; nanoseconds
    std::optional<int> hop_limit = {};                               // option::receive_hops; 0 to 255
    std::optional<int> traffic_class = {};                           // option::receive_class; 0 to 255
    std::optional<std::uint32_t> dropped = {};                       // option::drop_count; since the socket was made
    std::optional<NetworkError> error = {};                          // of recv_error()
    std::vector<ControlMessage> others = {};                         // RecvMessageOptions::other_bytes

    // Some of it was lost (MSG_CTRUNC): more descriptors came than `most_descriptors`, or than this process may have
    // open, and the surplus was closed; or the other kinds did not fit.
    bool truncated = false;
};

// Options of recv_message().
struct RecvMessageOptions {
    std::size_t most_descriptors = 0;  // to be taken; at most most_descriptors_at_once
    bool peek = false;                 // leaves the message; each peek makes new descriptors of those that came with it
    std::size_t other_bytes = 0;       // room for kinds that have no type here, 4096 at most; 0: they are dropped
};

// What recv_message() returns.
struct ReceivedMessage {
    std::size_t size = 0;    // bytes put into the buffer
    std::size_t length = 0;  // of the whole message, in bytes; of a stream: size
    bool truncated = false;  // the message was longer than the buffer (MSG_TRUNC); its rest is lost, unless peeked at
    bool ended = false;      // a stream's or a SeqpacketSocket's end; nothing else came then
    Address from = {};       // a datagram's sender; of no family if it has no name, or the socket is connected-oriented
    ReceivedAncillary ancillary = {};  // what came along with it
};

// Options of send_message().
struct SendMessageOptions {
    std::optional<Address> to = {};                   // datagrams: the receiver; nothing: the socket is connected
    std::span<const int> descriptors = {};            // Unix domain: copies go along; the sender keeps its own
    std::optional<PeerCredentials> credentials = {};  // Unix domain: those of this process, or any, for root
    // Datagrams: the local address to send from, of the receiver's version of IP; its port has no effect.
    std::optional<Address> from = {};
    unsigned interface = 0;                 // datagrams: to send by; 0: the routing table's choice
    std::optional<int> hop_limit = {};      // datagrams, 1 to 255: of this one only; otherwise option::ttl, hop_limit
    std::optional<int> traffic_class = {};  // datagrams, 0 to 255: TOS or traffic class of this one only
    std::span<const ControlMessage> others = {};  // at most 1024 bytes in all
};

// Wait for a message, as recv() of the socket; take what came with it. For a stream, a message is what is there: see
// recv_message() of socket_message.hpp, which these are in all else.
// Throw: as recv(); nothing was taken then.
ReceivedMessage recv_message(UdpSocket& socket, Buffer buffer, const RecvMessageOptions& options = {},
                             Deadline deadline = never);
ReceivedMessage recv_message(SeqpacketSocket& socket, Buffer buffer, const RecvMessageOptions& options = {},
                             Deadline deadline = never);
ReceivedMessage recv_message(TcpSocket& socket, Buffer buffer, const RecvMessageOptions& options,
                             Deadline deadline = never);

// Send one message, whole, and what goes with it; wait while the system has no room.
// Throw: as send() or send_to() of the socket; it was not sent then. std::system_error (EINVAL: the system knows no
// such value; EPERM: other credentials than this process has); std::invalid_argument for more than the calls can carry,
// or for datagrams' options on a SeqpacketSocket.
void send_message(UdpSocket& socket, Bytes bytes, const SendMessageOptions& options, Deadline deadline = never);
void send_message(SeqpacketSocket& socket, Bytes bytes, const SendMessageOptions& options, Deadline deadline = never);

// The same for a message whose bytes lie in several places, 16 at most: a head and a body, without a copy. They are
// filled, or sent, in their order, as one message. Throw: std::invalid_argument for more parts.
ReceivedMessage recv_message(UdpSocket& socket, std::span<const Buffer> parts, const RecvMessageOptions& options = {},
                             Deadline deadline = never);
ReceivedMessage recv_message(SeqpacketSocket& socket, std::span<const Buffer> parts,
                             const RecvMessageOptions& options = {}, Deadline deadline = never);
void send_message(UdpSocket& socket, std::span<const Bytes> parts, const SendMessageOptions& options = {},
                  Deadline deadline = never);
void send_message(SeqpacketSocket& socket, std::span<const Bytes> parts, const SendMessageOptions& options = {},
                  Deadline deadline = never);

// The same for a Unix-domain stream: sends all bytes, and what goes along with the first one, as send_message() of
// socket_message.hpp. Written out: send_message(socket, bytes, SendMessageOptions{.credentials = me}).
template <std::same_as<SendMessageOptions> O>
void send_message(TcpSocket& socket, Bytes bytes, const O& options, Deadline deadline = never);

// Takes the next entry of the error queue (option::queue_errors), if there is one: ancillary.error, and in the buffer
// the datagram that it is about, as far as it is known. `from` is where that was sent. Never waits or yields. A Unix
// domain socket has no entries.
// Throws: std::system_error.
std::optional<ReceivedMessage> recv_error(UdpSocket& socket, Buffer buffer);

namespace detail {
void send_stream_message(TcpSocket& socket, Bytes bytes, const SendMessageOptions& options, Deadline deadline);
}  // namespace detail

template <std::same_as<SendMessageOptions> O>
void send_message(TcpSocket& socket, Bytes bytes, const O& options, Deadline deadline) {
    detail::send_stream_message(socket, bytes, options, deadline);
}

}  // namespace tendril
