// SPDX-License-Identifier: MIT

#include <tendril/socket.hpp>

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <algorithm>

#include <tendril/file.hpp>

#include "net/socket_access.hpp"

namespace tendril {

using detail::Direction;
using detail::enter_call;
using detail::fail;
using detail::SocketAccess;

namespace {

ssize_t read_socket(int fd, void* p, std::size_t n) noexcept {
    return sys::recv(fd, p, n, 0);
}

ssize_t write_socket(int fd, const void* p, std::size_t n) noexcept {
    return sys::send(fd, p, n, 0);
}

}  // namespace

TcpSocket::TcpSocket(Fd fd) : handle_(SocketAccess::take_over(std::move(fd), SOCK_STREAM, false, "a socket")) {}

std::pair<TcpSocket, TcpSocket> TcpSocket::pair() {
    auto [a, b] = SocketAccess::open_pair(SOCK_STREAM, "make a pair of sockets");
    return {TcpSocket(std::move(a)), TcpSocket(std::move(b))};
}

std::size_t TcpSocket::recv(Buffer buffer, Deadline deadline) {
    return detail::recv_some(enter_call(handle_, "a socket", Direction::read, "recv"), buffer, deadline, read_socket);
}

std::size_t TcpSocket::recv_exactly(Buffer buffer, Deadline deadline) {
    return detail::recv_whole(enter_call(handle_, "a socket", Direction::read, "recv_exactly"), buffer, deadline,
                              read_socket);
}

std::size_t TcpSocket::send(Bytes bytes, Deadline deadline) {
    return detail::send_some(enter_call(handle_, "a socket", Direction::write, "send"), bytes, deadline, write_socket);
}

void TcpSocket::send_all(Bytes bytes, Deadline deadline) {
    detail::send_whole(enter_call(handle_, "a socket", Direction::write, "send_all"), bytes, deadline, write_socket);
}

std::size_t TcpSocket::recv(Buffer buffer, const RecvOptions& options, Deadline deadline) {
    detail::Descriptor& d = enter_call(handle_, "a socket", Direction::read, "recv");
    const int flags = detail::flags_of(options);
    const auto read = [flags](int fd, void* p, std::size_t n) { return sys::recv(fd, p, n, flags); };
    if (!options.peek) {
        return detail::recv_some(d, buffer, deadline, read);
    }
    if (buffer.empty()) {
        return 0;
    }
    // A short peek leaves what it saw, so it does not empty the stream.
    const ssize_t r = detail::when_ready(d, Direction::read, "recv", deadline, 0,
                                         [&](int fd) { return read(fd, buffer.data(), buffer.size()); });
    if (r < 0) {
        fail(d, r, "recv");
    }
    return static_cast<std::size_t>(r);
}

std::size_t TcpSocket::send(Bytes bytes, const SendOptions& options, Deadline deadline) {
    const int flags = detail::flags_of(options);
    return detail::send_some(enter_call(handle_, "a socket", Direction::write, "send"), bytes, deadline,
                             [flags](int fd, const void* p, std::size_t n) { return sys::send(fd, p, n, flags); });
}

void TcpSocket::send_all(Bytes bytes, const SendOptions& options, Deadline deadline) {
    const int flags = detail::flags_of(options);
    detail::send_whole(enter_call(handle_, "a socket", Direction::write, "send_all"), bytes, deadline,
                       [flags](int fd, const void* p, std::size_t n) { return sys::send(fd, p, n, flags); });
}

std::size_t TcpSocket::recv_parts(std::span<const Buffer> parts, Deadline deadline) {
    return detail::recv_some_parts(enter_call(handle_, "a socket", Direction::read, "recv_parts"), parts, deadline,
                                   sys::recv_parts);
}

void TcpSocket::send_parts(std::span<const Bytes> parts, Deadline deadline) {
    detail::send_whole_parts(enter_call(handle_, "a socket", Direction::write, "send_parts"), parts, deadline,
                             sys::send_parts);
}

void TcpSocket::await_data(Deadline deadline) {
    detail::Descriptor& d = enter_call(handle_, "a socket", Direction::read, "await_data");
    detail::Descriptors::refuse_second(d, Direction::read);
    if (d.readable) {  // it only may be: no call has checked yet, or the last read filled its buffer
        char first = 0;
        if (sys::recv(d.fd, &first, 1, MSG_PEEK) != -EAGAIN) {
            return;
        }
        d.emptied();
    }
    detail::await(d, Direction::read, "await_data", deadline);
}

std::uint64_t TcpSocket::send_file(const File& file, std::uint64_t offset, std::uint64_t count, Deadline deadline) {
    detail::Descriptor& d = enter_call(handle_, "a socket", Direction::write, "send_file");
    constexpr std::uint64_t most_at_once = 1024 * 1024;  // before other green threads have their turn
    const std::shared_ptr<const Fd> from = file.hold();
    std::uint64_t done = 0;
    while (done < count) {
        const auto n = static_cast<std::size_t>(std::min(count - done, most_at_once));
        const ssize_t r =
            detail::when_ready(d, Direction::write, "send_file", deadline,
                               {static_cast<std::size_t>(done), static_cast<std::size_t>(count)}, [&](int fd) {
                                   return sys::send_file(fd, from->get(), static_cast<std::int64_t>(offset + done), n);
                               });
        if (done == 0 && (r == -EINVAL || r == -ENOSYS)) {
            return Stream::send_file(file, offset, count, deadline);
        }
        if (r < 0) {
            fail(d, r, "send_file, after " + std::to_string(done) + " bytes");
        }
        if (r == 0) {
            break;
        }
        done += static_cast<std::uint64_t>(r);
        if (done < count) {
            detail::next_round(d, detail::Direction::write, "send_file", deadline,
                               {static_cast<std::size_t>(done), static_cast<std::size_t>(count)});
        }
    }
    return done;
}

std::optional<std::size_t> TcpSocket::try_recv(Buffer buffer) {
    return detail::try_transfer(handle_.use("a socket"), Direction::read, "recv", buffer, read_socket);
}

std::optional<std::size_t> TcpSocket::try_send(Bytes bytes) {
    return detail::try_transfer(handle_.use("a socket"), Direction::write, "send", bytes, write_socket);
}

void TcpSocket::shutdown(Shutdown how, Deadline /*deadline*/) {
    const int which = how == Shutdown::read ? SHUT_RD : how == Shutdown::write ? SHUT_WR : SHUT_RDWR;
    if (const int r = sys::shutdown(handle_.use("a socket").fd, which); r < 0) {
        fail(r, "shutdown");
    }
}

Address TcpSocket::local_address() const {
    return SocketAccess::name(handle_, &sys::local_name, "local_address");
}

Address TcpSocket::peer_address() const {
    return SocketAccess::name(handle_, &sys::peer_name, "peer_address");
}

PeerCredentials TcpSocket::peer_credentials() const {
    PeerCredentials who{};
    if (const int r = sys::peer_credentials(handle_.use("a socket").fd, who.process, who.user, who.group); r < 0) {
        fail(r, "peer_credentials");
    }
    return who;
}

TcpSocket TcpSocket::duplicate() const {
    return TcpSocket(SocketAccess::duplicate(handle_, "a socket"));
}

Fd TcpSocket::release() {
    return Fd(handle_.release("a socket"));
}

}  // namespace tendril
