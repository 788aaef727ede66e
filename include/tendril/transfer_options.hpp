// SPDX-License-Identifier: MIT
// Floor: net
//
// RecvOptions and SendOptions: how one recv() or send() of a socket differs from a plain one. They are the flags of
// recv(2) and send(2), by name:
//
//     std::size_t n = socket.recv(buffer, {.peek = true}, 5s);
//     socket.send_all(head, {.more = true});
//
// They change only the system call that is tried, which is the same with every backend (io_uring too is only asked when
// a socket is ready): when a call waits, its deadline, and what a kill does are those of the plain call. What the other
// flags do has calls of its own:
//
//     MSG_WAITALL      recv_exactly(), which also keeps its deadline
//     MSG_DONTWAIT     try_recv(), try_send(), or a deadline of 0s
//     MSG_TRUNC        Datagram::length, always told; RecvOptions::discard on a stream
//     MSG_OOB          TcpSocket::send_urgent(), recv_urgent()
//     MSG_ERRQUEUE     recv_error() of ancillary.hpp
//     MSG_CTRUNC       ReceivedAncillary::truncated
//     MSG_NOSIGNAL     always set: no call raises SIGPIPE
//     MSG_CMSG_CLOEXEC always set
//     MSG_FASTOPEN     option::connect_with_data

#pragma once

namespace tendril {

// Options of recv().
struct RecvOptions {
    // Leaves the data in the system's queue, so that the next call receives it again. recv() returns at once while
    // anything is there, as often as it is called: to wait for more than that, receive it. MSG_PEEK.
    bool peek = false;

    // The caller does not need the bytes. TCP drops them without a copy; other streams copy them all the same, so the
    // buffer's content is not defined afterwards. Not for datagrams, where it has no effect. MSG_TRUNC.
    bool discard = false;
};

// Options of send().
struct SendOptions {
    // More follows at once: TCP holds back a segment that is not full, for 200 ms at most. A datagram socket collects
    // the bytes until a send without it, which sends everything as one datagram. MSG_MORE.
    bool more = false;

    bool direct = false;   // only to hosts on a directly connected network, past the routing table. MSG_DONTROUTE
    bool confirm = false;  // datagrams: the peer has just answered, so its link-layer address holds. MSG_CONFIRM
};

namespace detail {
int flags_of(const RecvOptions& options) noexcept;
int flags_of(const SendOptions& options) noexcept;
}  // namespace detail

}  // namespace tendril
