// SPDX-License-Identifier: MIT

#include <tendril/socket.hpp>

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <algorithm>

#include "base/report.hpp"
#include "net/stream.hpp"

namespace tendril {

using detail::await;
using detail::begin;
using detail::Descriptor;
using detail::Direction;
using detail::fail;
using detail::Handle;
using detail::HubCore;
using detail::note_read;
using detail::when_ready;

namespace detail {

Handle::Handle(Descriptor& d) noexcept : descriptor_(&d), owner_(d.hub->os.serial) {}

void Handle::close() noexcept {
    Descriptor* d = std::exchange(descriptor_, nullptr);
    if (d == nullptr) {
        return;
    }
    if (owner_ != OsThread::current_serial()) {
        report("a socket or pipe of OS thread " + std::to_string(owner_) + " was closed on OS thread " +
               std::to_string(OsThread::current_serial()) +
               "; it stays open until its hub ends: close it where it was made");
    } else if (HubCore* hub = HubCore::if_any(); hub != nullptr) {
        hub->descriptors.close(*d);
    }  // else the hub has ended, and closed it
}

Descriptor& Handle::use(const char* object) const {
    if (descriptor_ == nullptr) {
        fail(-EBADF, std::string(object) + " is closed");
    }
    HubCore::require_here(object, owner_);
    if (HubCore::if_any() == nullptr) {
        fail(-EBADF, std::string(object) + " was closed when its hub ended");
    }
    return *descriptor_;
}

int Handle::fd() const noexcept {
    return descriptor_ != nullptr && owner_ == OsThread::current_serial() && HubCore::if_any() != nullptr
               ? descriptor_->fd
               : -1;
}

Descriptor& begin(const Handle& handle, const char* object) {
    Descriptor& d = handle.use(object);
    d.hub->refuse_in_callback();
    const std::uint32_t generation = d.generation;
    take_turn(*d.hub);
    if (d.generation != generation) {
        fail(-EBADF, std::string(object) + " was closed by another green thread");
    }
    return d;
}

void await(Descriptor& d, Direction direction, const char* what, Deadline deadline, std::size_t done) {
    switch (d.hub->descriptors.wait(d, direction, what, deadline)) {
    case Outcome::timed_out:
        throw TimeoutError(what, done);
    case Outcome::closed:
        fail(-EBADF, std::string(what) + ": closed by another green thread");
    default:
        return;
    }
}

}  // namespace detail

namespace {

// Small answers at once. Accepted sockets inherit it from their listener.
int make_prompt(int fd, int family) noexcept {
    const bool tcp = family == AF_INET || family == AF_INET6;
    return tcp ? sys::set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1) : 0;
}

Address name_of(const Handle& handle, int (*ask)(int, sockaddr*, socklen_t*) noexcept, const char* what) {
    sockaddr_storage raw{};
    socklen_t size = sizeof raw;
    if (const int r = ask(handle.use("a socket").fd, reinterpret_cast<sockaddr*>(&raw), &size); r < 0) {
        fail(r, what);
    }
    return Address::from_raw(reinterpret_cast<const sockaddr*>(&raw), size);
}

}  // namespace

std::size_t TcpSocket::recv(Buffer buffer, Deadline deadline) {
    Descriptor& d = begin(handle_, "a socket");
    if (buffer.empty()) {
        return 0;
    }
    const ssize_t r = when_ready(d, Direction::read, "recv", deadline, 0,
                                 [&](int fd) { return sys::recv(fd, buffer.data(), buffer.size(), 0); });
    if (r < 0) {
        fail(r, "recv");
    }
    note_read(d, buffer.size(), r);
    return static_cast<std::size_t>(r);
}

std::size_t TcpSocket::recv_exactly(Buffer buffer, Deadline deadline) {
    Descriptor& d = begin(handle_, "a socket");
    std::size_t done = 0;
    while (done < buffer.size()) {
        const Buffer rest = buffer.after(done);
        const ssize_t r = when_ready(d, Direction::read, "recv_exactly", deadline, done,
                                     [&](int fd) { return sys::recv(fd, rest.data(), rest.size(), 0); });
        if (r < 0) {
            fail(r, "recv_exactly");
        }
        if (r == 0) {
            break;
        }
        note_read(d, rest.size(), r);
        done += static_cast<std::size_t>(r);
    }
    return done;
}

std::size_t TcpSocket::send(Bytes bytes, Deadline deadline) {
    Descriptor& d = begin(handle_, "a socket");
    if (bytes.empty()) {
        return 0;
    }
    const ssize_t r = when_ready(d, Direction::write, "send", deadline, 0,
                                 [&](int fd) { return sys::send(fd, bytes.data(), bytes.size(), 0); });
    if (r < 0) {
        fail(r, "send");
    }
    return static_cast<std::size_t>(r);
}

void TcpSocket::send_all(Bytes bytes, Deadline deadline) {
    Descriptor& d = begin(handle_, "a socket");
    std::size_t done = 0;
    while (done < bytes.size()) {
        const Bytes rest = bytes.after(done);
        const ssize_t r = when_ready(d, Direction::write, "send_all", deadline, done,
                                     [&](int fd) { return sys::send(fd, rest.data(), rest.size(), 0); });
        if (r < 0) {
            fail(r, "send_all, after " + std::to_string(done) + " of " + std::to_string(bytes.size()) + " bytes");
        }
        done += static_cast<std::size_t>(r);
    }
}

void TcpSocket::shutdown(Shutdown how) {
    const int which = how == Shutdown::read ? SHUT_RD : how == Shutdown::write ? SHUT_WR : SHUT_RDWR;
    if (const int r = sys::shutdown(handle_.use("a socket").fd, which); r < 0) {
        fail(r, "shutdown");
    }
}

Address TcpSocket::local_address() const {
    return name_of(handle_, &sys::local_name, "local_address");
}

Address TcpSocket::peer_address() const {
    return name_of(handle_, &sys::peer_name, "peer_address");
}

void TcpSocket::set_no_delay(bool on) {
    if (const int r = sys::set_option(handle_.use("a socket").fd, IPPROTO_TCP, TCP_NODELAY, on ? 1 : 0); r < 0) {
        fail(r, "set_no_delay");
    }
}

namespace {

Handle open_socket(int family, const std::string& what) {
    HubCore& hub = HubCore::here();
    const int fd = sys::socket(family, SOCK_STREAM);
    if (fd < 0) {
        fail(fd, what);
    }
    Descriptor& d = hub.descriptors.open(fd);
    d.short_read_empties = family != AF_UNIX;
    return Handle(d);
}

// A Unix-domain listener with a full backlog answers EAGAIN, and nothing tells when to try again.
void pause_before_retry(std::chrono::milliseconds& pause, Deadline deadline, const std::string& what) {
    if (deadline.passed()) {
        throw TimeoutError(what);
    }
    detail::Waiter waiter("connect");
    waiter.wait(std::min(Deadline(pause), deadline));
    pause = std::min(pause * 2, std::chrono::milliseconds(50));
}

}  // namespace

TcpSocket connect(const Address& to, const ConnectOptions& options, Deadline deadline) {
    const std::string what = "connect to " + to.to_string();
    Handle handle = open_socket(to.family(), what);
    const int fd = handle.fd();
    if (options.bind.has_value()) {
        if (const int r = sys::bind(fd, options.bind->raw(), options.bind->raw_size()); r < 0) {
            fail(r, what + " from " + options.bind->to_string());
        }
    }
    make_prompt(fd, to.family());
    std::chrono::milliseconds pause(1);
    for (;;) {
        const int r = sys::connect(fd, to.raw(), to.raw_size());
        if (r == 0 || r == -EISCONN) {
            return TcpSocket(std::move(handle));
        }
        if (r == -EINPROGRESS || r == -EALREADY) {
            Descriptor& d = handle.use("a socket");
            d.drained(Direction::write);
            try {
                await(d, Direction::write, "connect", deadline);  // then connect() again says how it went
            } catch (const TimeoutError&) {
                throw TimeoutError(what);
            }
        } else if (r == -EAGAIN && to.family() == AF_UNIX) {
            pause_before_retry(pause, deadline, what);
        } else if (r != -EINTR) {
            fail(r, what);
        }
    }
}

TcpSocket Listener::accept(Deadline deadline) {
    Address peer;
    return accept(peer, deadline);
}

TcpSocket Listener::accept(Address& peer, Deadline deadline) {
    Descriptor& d = begin(handle_, "a listener");
    HubCore& hub = *d.hub;
    sockaddr_storage raw{};
    socklen_t size = 0;
    const ssize_t fd = when_ready(d, Direction::read, "accept", deadline, 0, [&](int listening) {
        size = sizeof raw;
        return sys::accept(listening, reinterpret_cast<sockaddr*>(&raw), &size);
    });
    if (fd < 0) {
        fail(fd, "accept");
    }
    Descriptor& accepted = hub.descriptors.open(static_cast<int>(fd));
    accepted.short_read_empties = raw.ss_family != AF_UNIX;
    TcpSocket socket{Handle(accepted)};
    peer = Address::from_raw(reinterpret_cast<const sockaddr*>(&raw), size);
    return socket;
}

std::optional<TcpSocket> Listener::try_accept() {
    Address peer;
    return try_accept(peer);
}

std::optional<TcpSocket> Listener::try_accept(Address& peer) {
    Descriptor& d = handle_.use("a listener");
    sockaddr_storage raw{};
    socklen_t size = sizeof raw;
    int fd = -EAGAIN;
    while (d.readable && (fd = sys::accept(d.fd, reinterpret_cast<sockaddr*>(&raw), &size)) == -EINTR) {
    }
    if (fd == -EAGAIN) {
        // While nothing is armed no event would ever say that trying is worth it again.
        d.readable = (d.armed & detail::events::read) == 0;
        return std::nullopt;
    }
    if (fd < 0) {
        fail(fd, "accept");
    }
    Descriptor& accepted = d.hub->descriptors.open(fd);
    accepted.short_read_empties = raw.ss_family != AF_UNIX;
    TcpSocket socket{Handle(accepted)};
    peer = Address::from_raw(reinterpret_cast<const sockaddr*>(&raw), size);
    return socket;
}

Address Listener::address() const {
    return name_of(handle_, &sys::local_name, "address");
}

Listener listen(const Address& at, const ListenOptions& options) {
    const std::string what = "listen on " + at.to_string();
    Handle handle = open_socket(at.family(), what);
    const int fd = handle.fd();
    const auto check = [&](int r) {
        if (r < 0) {
            fail(r, what);
        }
    };
    if (at.family() != AF_UNIX) {
        check(sys::set_option(fd, SOL_SOCKET, SO_REUSEADDR, options.reuse_address ? 1 : 0));
        check(sys::set_option(fd, SOL_SOCKET, SO_REUSEPORT, options.reuse_port ? 1 : 0));
    }
    check(make_prompt(fd, at.family()));
    const int bound = sys::bind(fd, at.raw(), at.raw_size());
    if (bound == -EADDRINUSE && at.family() == AF_UNIX) {
        fail(bound, what + " (a socket file is there; remove it if its server is gone)");
    }
    check(bound);
    check(sys::listen(fd, options.backlog));
    return Listener(std::move(handle));
}

}  // namespace tendril
