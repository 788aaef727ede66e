// SPDX-License-Identifier: MIT

#include <tendril/ancillary.hpp>

#include <netinet/in.h>

#include <algorithm>
#include <stdexcept>

#include "net/control.hpp"
#include "net/send_addressed.hpp"
#include "net/seqpacket_end.hpp"
#include "net/socket_access.hpp"

namespace tendril {

using detail::ControlRoom;
using detail::ControlToSend;
using detail::Descriptor;
using detail::Direction;
using detail::enter_call;
using detail::fail;
using detail::SocketAccess;
using detail::when_ready;

namespace {

// The parts as the system takes them. Throws: std::invalid_argument if they are more than go into one call.
template <class Part>
detail::IoVectors<Part> whole_of(std::span<const Part> parts) {
    std::size_t size = 0;
    for (const Part& each : parts) {
        size += each.size();
    }
    const detail::IoVectors<Part> vectors(parts, 0);
    if (vectors.size() < size) {
        throw std::invalid_argument("a message of " + std::to_string(parts.size()) + " parts; at most " +
                                    std::to_string(vectors.count()) + " go at once");
    }
    return vectors;
}

// A received message, before it is read. It is large: only one function has it on its stack.
class Incoming {
public:
    Incoming(std::span<const Buffer> parts, const RecvMessageOptions& options)
        : parts_(whole_of(parts)), room_(options) {
        got_.ancillary.descriptors.reserve(room_.most());  // so that nothing throws between arrival and ownership
        header_.msg_iov = const_cast<iovec*>(parts_.data());
        header_.msg_iovlen = parts_.count();
    }
    Incoming(const Incoming&) = delete;
    Incoming& operator=(const Incoming&) = delete;

    // One try.
    ssize_t receive(int fd, int flags) noexcept {
        header_.msg_name = &sender_;
        header_.msg_namelen = sizeof sender_;
        room_.attach(header_);
        return sys::recvmsg(fd, &header_, flags);
    }

    ReceivedMessage take(ssize_t r) {
        room_.read(header_, got_.ancillary);
        got_.length = static_cast<std::size_t>(r);
        got_.size = std::min(got_.length, parts_.size());
        got_.truncated = (header_.msg_flags & MSG_TRUNC) != 0;
        if (header_.msg_namelen >= sizeof(sa_family_t)) {
            got_.from = Address::from_raw(reinterpret_cast<const sockaddr*>(&sender_), header_.msg_namelen);
        }
        return std::move(got_);
    }

private:
    const detail::IoVectors<Buffer> parts_;
    sockaddr_storage sender_{};
    msghdr header_{};
    ControlRoom room_;
    ReceivedMessage got_;
};

ReceivedMessage receive(Descriptor& d, std::span<const Buffer> parts, const RecvMessageOptions& options, int flags,
                        Deadline deadline) {
    Incoming message(parts, options);
    const int all = flags | (options.peek ? MSG_PEEK : 0);
    const ssize_t r =
        when_ready(d, Direction::read, "recv_message", deadline, 0, [&](int fd) { return message.receive(fd, all); });
    if (r < 0) {
        fail(d, r, "recv_message");
    }
    return message.take(r);
}

// A message to be sent. It may be moved by no one while a call uses it.
class Outgoing {
public:
    Outgoing(std::span<const Bytes> parts, const SendMessageOptions& options, int version)
        : parts_(whole_of(parts)), control_(options, version) {
        header_.msg_iov = const_cast<iovec*>(parts_.data());
        header_.msg_iovlen = parts_.count();
        control_.attach(header_);
        if (options.to.has_value()) {
            header_.msg_name = const_cast<sockaddr*>(options.to->raw());
            header_.msg_namelen = options.to->raw_size();
        }
    }
    Outgoing(const Outgoing&) = delete;
    Outgoing& operator=(const Outgoing&) = delete;

    ssize_t send(int fd) const noexcept { return sys::sendmsg(fd, &header_, 0); }

private:
    const detail::IoVectors<Bytes> parts_;
    ControlToSend control_;
    msghdr header_{};
};

void refuse_datagram_options(const SendMessageOptions& options) {
    if (options.to.has_value()) {
        throw std::invalid_argument("send_message: a connected socket has one receiver; leave out `to`");
    }
}

}  // namespace

ReceivedMessage recv_message(UdpSocket& socket, Buffer buffer, const RecvMessageOptions& options, Deadline deadline) {
    return recv_message(socket, std::span<const Buffer>(&buffer, 1), options, deadline);
}

ReceivedMessage recv_message(UdpSocket& socket, std::span<const Buffer> parts, const RecvMessageOptions& options,
                             Deadline deadline) {
    Descriptor& d = enter_call(SocketAccess::handle(socket), "a datagram socket", Direction::read, "recv_message");
    return receive(d, parts, options, MSG_TRUNC, deadline);
}

ReceivedMessage recv_message(SeqpacketSocket& socket, Buffer buffer, const RecvMessageOptions& options,
                             Deadline deadline) {
    return recv_message(socket, std::span<const Buffer>(&buffer, 1), options, deadline);
}

ReceivedMessage recv_message(SeqpacketSocket& socket, std::span<const Buffer> parts, const RecvMessageOptions& options,
                             Deadline deadline) {
    Descriptor& d = enter_call(SocketAccess::handle(socket), "a seqpacket socket", Direction::read, "recv_message");
    ReceivedMessage got = receive(d, parts, options, MSG_TRUNC, deadline);
    const ReceivedAncillary& with = got.ancillary;  // the end brings nothing
    const bool brought = !with.descriptors.empty() || with.process.is_open() || with.credentials.has_value() ||
                         with.time.has_value() || !with.others.empty() || with.truncated;
    got.ended = got.length == 0 && !brought && detail::seqpacket_ended(d.fd);
    return got;
}

ReceivedMessage recv_message(TcpSocket& socket, Buffer buffer, const RecvMessageOptions& options, Deadline deadline) {
    if (buffer.empty()) {
        return {};
    }
    Descriptor& d = enter_call(SocketAccess::handle(socket), "a socket", Direction::read, "recv_message");
    ReceivedMessage got = receive(d, {&buffer, 1}, options, 0, deadline);
    got.from = Address();  // TCP leaves the room for it as it is
    got.ended = got.length == 0;
    return got;
}

std::optional<ReceivedMessage> recv_error(UdpSocket& socket, Buffer buffer) {
    const Descriptor& d = SocketAccess::handle(socket).use("a datagram socket");
    int family = AF_UNSPEC;
    if (sys::get_option(d.fd, SOL_SOCKET, SO_DOMAIN, family) >= 0 && family == AF_UNIX) {
        return std::nullopt;  // it has no such queue, and the system would take a datagram
    }
    Incoming message({&buffer, 1}, {});
    ssize_t r = -EINTR;
    while (r == -EINTR) {
        r = message.receive(d.fd, MSG_ERRQUEUE | MSG_TRUNC);
    }
    if (r == -EAGAIN) {
        return std::nullopt;
    }
    if (r < 0) {
        fail(r, "recv_error");
    }
    return message.take(r);
}

void send_message(UdpSocket& socket, Bytes bytes, const SendMessageOptions& options, Deadline deadline) {
    send_message(socket, std::span<const Bytes>(&bytes, 1), options, deadline);
}

void send_message(UdpSocket& socket, std::span<const Bytes> parts, const SendMessageOptions& options,
                  Deadline deadline) {
    Descriptor& d = enter_call(SocketAccess::handle(socket), "a datagram socket", Direction::write, "send_message");
    if (options.to.has_value()) {
        const Outgoing message(parts, options, detail::ip_version(*options.to));
        detail::send_addressed(d, *options.to, deadline, "send_message", "send_message to ",
                               [&](int fd) { return message.send(fd); });
        return;
    }
    sockaddr_storage peer{};
    socklen_t size = sizeof peer;
    const bool known = sys::peer_name(d.fd, reinterpret_cast<sockaddr*>(&peer), &size) >= 0;
    const int version = known ? detail::ip_version(Address::from_raw(reinterpret_cast<const sockaddr*>(&peer), size))
                        : options.from.has_value() ? detail::ip_version(*options.from)
                                                   : AF_INET;  // the system will refuse it
    const Outgoing message(parts, options, version);
    const ssize_t r =
        when_ready(d, Direction::write, "send_message", deadline, 0, [&](int fd) { return message.send(fd); });
    if (r < 0) {
        fail(r, "send_message");
    }
}

void send_message(SeqpacketSocket& socket, Bytes bytes, const SendMessageOptions& options, Deadline deadline) {
    send_message(socket, std::span<const Bytes>(&bytes, 1), options, deadline);
}

void send_message(SeqpacketSocket& socket, std::span<const Bytes> parts, const SendMessageOptions& options,
                  Deadline deadline) {
    refuse_datagram_options(options);
    Descriptor& d = enter_call(SocketAccess::handle(socket), "a seqpacket socket", Direction::write, "send_message");
    const Outgoing message(parts, options, AF_UNIX);
    const ssize_t r =
        when_ready(d, Direction::write, "send_message", deadline, 0, [&](int fd) { return message.send(fd); });
    if (r < 0) {
        fail(d, r, "send_message");
    }
}

void detail::send_stream_message(TcpSocket& socket, Bytes bytes, const SendMessageOptions& options, Deadline deadline) {
    refuse_datagram_options(options);
    if (bytes.empty()) {
        throw std::invalid_argument("send_message: ancillary data travels with a byte; send one");
    }
    Descriptor& d = enter_call(SocketAccess::handle(socket), "a socket", Direction::write, "send_message");
    std::size_t sent = 0;
    {
        const Outgoing message({&bytes, 1}, options, AF_UNIX);
        const ssize_t r =
            when_ready(d, Direction::write, "send_message", deadline, 0, [&](int fd) { return message.send(fd); });
        if (r < 0) {
            fail(d, r, "send_message");
        }
        sent = static_cast<std::size_t>(r);
    }
    try {
        send_whole(d, bytes.after(sent), deadline,
                   [](int fd, const void* p, std::size_t n) { return sys::send(fd, p, n, 0); });
    } catch (const TimeoutError& e) {
        throw TimeoutError("send_message", e, sent + e.done());
    }
}

}  // namespace tendril
