// SPDX-License-Identifier: MIT
//
// connect and accept, against the kernel.

#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string>
#include <vector>

#include "scene.hpp"

using namespace std::chrono_literals;

namespace tendril::patch::testing {
namespace {

sockaddr_in address_of(int fd) {
    sockaddr_in address{};
    socklen_t length = sizeof address;
    ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length);
    return address;
}

int connect_to(Party& me, int fd, const sockaddr_in& address) {
    return me.call.connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
}

int tcp_socket(Party& me, int flags = 0) {
    return me.keep(::socket(AF_INET, SOCK_STREAM | flags, 0));
}

// An abstract address; it ends with the listener.
struct UnixAddress {
    sockaddr_un address{};
    socklen_t length = 0;
    explicit UnixAddress(int listener) {
        address.sun_family = AF_UNIX;
        ::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof(sa_family_t));  // the kernel names it
        length = sizeof address;
        ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length);
    }
    int connect(Party& me, int fd) const {
        return me.call.connect(fd, reinterpret_cast<const sockaddr*>(&address), length);
    }
};

int unix_socket(Party& me, int flags = 0) {
    return me.keep(::socket(AF_UNIX, SOCK_STREAM | flags, 0));
}

TENDRIL_SCENE(KernelConnect, ConnectsAndAccepts) {
    const int listening = me.listener();
    const sockaddr_in address = address_of(listening);
    me.bring([=](Party& it) {
        it.until_waits(it.first());
        const int fd = tcp_socket(it);
        it.saw("connect", connect_to(it, fd, address));
        it.saw("connect again", connect_to(it, fd, address));
        it.saw("send", it.call.send(fd, "hi", 2, 0));
    });
    sockaddr_in peer{};
    socklen_t length = sizeof peer;
    const int fd = me.saw_descriptor("accept", me.call.accept(listening, reinterpret_cast<sockaddr*>(&peer), &length));
    me.saw("peer",
           peer.sin_family == AF_INET && peer.sin_addr.s_addr == htonl(INADDR_LOOPBACK) && length == sizeof peer);
    me.saw("flags", me.call.fcntl(fd, F_GETFL) & O_NONBLOCK);
    me.saw("flags", me.call.fcntl(fd, F_GETFD));
    char to[8];
    me.saw("recv", me.call.recv(fd, to, sizeof to, 0), to);
}

TENDRIL_SCENE(KernelConnect, IsRefused) {
    const int listening = me.listener();
    const sockaddr_in address = address_of(listening);
    me.close(listening);
    const int fd = tcp_socket(me);
    me.saw("connect", connect_to(me, fd, address));
    int error = 0;
    socklen_t length = sizeof error;
    ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
    me.saw("error", error);
    me.saw("connect again", connect_to(me, fd, address));
    me.saw("send", me.call.send(fd, "x", 1, MSG_NOSIGNAL));
}

TENDRIL_SCENE(KernelConnect, GoesOnWithoutWaiting) {
    const int listening = me.listener();
    const sockaddr_in address = address_of(listening);
    const int fd = tcp_socket(me, SOCK_NONBLOCK);
    me.saw("connect", connect_to(me, fd, address));
    pollfd ready{.fd = fd, .events = POLLOUT, .revents = 0};
    me.saw("poll", me.call.poll(&ready, 1, 1000));
    me.saw("events", ready.revents);
    me.saw("connect", connect_to(me, fd, address));
    me.saw("connect", connect_to(me, fd, address));
    const int refused = tcp_socket(me, SOCK_NONBLOCK);
    me.close(listening);
    me.saw("connect", connect_to(me, refused, address));
    ready.fd = refused;
    me.saw("poll", me.call.poll(&ready, 1, 1000));
    me.saw("events", ready.revents);
    int error = 0;
    socklen_t length = sizeof error;
    ::getsockopt(refused, SOL_SOCKET, SO_ERROR, &error, &length);
    me.saw("error", error);
}

TENDRIL_SCENE(KernelConnect, RefusesBadArguments) {
    const int listening = me.listener();
    const sockaddr_in address = address_of(listening);
    me.saw("connect of -1", connect_to(me, -1, address));
    me.saw("connect of a pipe", connect_to(me, me.pipe().a, address));
    me.saw("connect of a listener", connect_to(me, listening, address));
    const int fd = tcp_socket(me);
    const auto* const at = reinterpret_cast<const sockaddr*>(&address);
    me.saw("connect, short", me.call.connect(fd, at, 4));
    me.saw("connect to nowhere", me.call.connect(fd, reinterpret_cast<const sockaddr*>(nowhere()), sizeof address));
    sockaddr_in other = address;
    other.sin_family = AF_UNIX;
    me.saw("connect, other family", connect_to(me, fd, other));
    me.saw("connect to nothing", unix_socket(me) >= 0);
    sockaddr_un missing{};
    missing.sun_family = AF_UNIX;
    std::strcpy(missing.sun_path, "/nonexistent/socket");
    me.saw("connect", me.call.connect(unix_socket(me), reinterpret_cast<const sockaddr*>(&missing), sizeof missing));
    me.saw("accept of -1", me.call.accept(-1, nullptr, nullptr));
    me.saw("accept of a pipe", me.call.accept(me.pipe().a, nullptr, nullptr));
    me.saw("accept without listen", me.call.accept(tcp_socket(me), nullptr, nullptr));
    me.saw("accept4, bad flags", me.call.accept4(listening, nullptr, nullptr, 1 << 30));
    sockaddr_in peer{};
    me.saw("accept, no length", me.call.accept4(tcp_socket(me), reinterpret_cast<sockaddr*>(&peer), nullptr, 0));
}

TENDRIL_SCENE(KernelAccept, KnowsFlags) {
    const int listening = me.listener();
    const sockaddr_in address = address_of(listening);
    me.bring([=](Party& it) {
        it.until_waits(it.first());
        const int fd = tcp_socket(it);
        it.saw("connect", connect_to(it, fd, address));
    });
    const int fd =
        me.saw_descriptor("accept4", me.call.accept4(listening, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    me.saw("flags", me.call.fcntl(fd, F_GETFL) & O_NONBLOCK);
    me.saw("flags", me.call.fcntl(fd, F_GETFD));
    char to[8];
    me.saw("recv", me.call.recv(fd, to, sizeof to, 0));
}

TENDRIL_SCENE(KernelAccept, FailsAtOnceIfItMayNotWait) {
    const int listening = me.listener();
    ::fcntl(listening, F_SETFL, O_NONBLOCK);
    me.saw("accept", me.call.accept(listening, nullptr, nullptr));
    me.saw("accept4", me.call.accept4(listening, nullptr, nullptr, SOCK_CLOEXEC));
}

TENDRIL_SCENE(KernelAccept, FailsWithoutANumberAndAcceptsLater) {
    const int listening = me.listener();
    const int fd = tcp_socket(me);
    me.saw("connect", connect_to(me, fd, address_of(listening)));
    rlimit before{};
    ::getrlimit(RLIMIT_NOFILE, &before);
    const rlimit none{.rlim_cur = 0, .rlim_max = before.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &none);
    const int refused = me.call.accept(listening, nullptr, nullptr);
    const int error = errno;
    ::setrlimit(RLIMIT_NOFILE, &before);
    errno = error;
    me.saw("accept", refused);
    me.saw_descriptor("accept", me.call.accept(listening, nullptr, nullptr));
}

TENDRIL_SCENE(KernelAccept, EndsByItsTimeLimit) {
    const int listening = me.listener();
    const timeval limit{.tv_sec = 0, .tv_usec = 20'000};
    ::setsockopt(listening, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    const auto start = std::chrono::steady_clock::now();
    me.saw("accept", me.call.accept(listening, nullptr, nullptr));
    me.noted_span(start, 20ms);
}

TENDRIL_SCENE(KernelAccept, EndsWhenTheListenerIsShutDown) {
    const int listening = me.listener();
    me.bring([=](Party& it) {
        it.until_waits(it.first());
        ::shutdown(listening, SHUT_RDWR);
    });
    me.saw("accept", me.call.accept(listening, nullptr, nullptr));
}

TENDRIL_SCENE(KernelConnect, WaitsForRoomInABacklog) {
    const int listening = unix_socket(me);
    const UnixAddress address(listening);
    ::listen(listening, 0);
    me.saw("connect", address.connect(me, unix_socket(me)));
    me.bring([=](Party& it) {
        it.until_waits(it.first());
        it.saw_descriptor("accept", it.call.accept(listening, nullptr, nullptr));
        it.saw_descriptor("accept", it.call.accept(listening, nullptr, nullptr));
    });
    me.saw("connect", address.connect(me, unix_socket(me)));
}

TENDRIL_SCENE(KernelConnect, FailsAtOnceAtAFullBacklog) {
    const int listening = unix_socket(me);
    const UnixAddress address(listening);
    ::listen(listening, 0);
    me.saw("connect", address.connect(me, unix_socket(me)));
    me.saw("connect", address.connect(me, unix_socket(me, SOCK_NONBLOCK)));
    const int limited = unix_socket(me);
    const timeval limit{.tv_sec = 0, .tv_usec = 20'000};
    ::setsockopt(limited, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    const auto start = std::chrono::steady_clock::now();
    me.saw("connect", address.connect(me, limited));
    me.noted_span(start, 20ms);
    me.close(listening);
    me.saw("connect", address.connect(me, unix_socket(me)));
}

TENDRIL_SCENE(KernelConnect, FailsWhenTheListenerGoesWhileItWaits) {
    const int listening = unix_socket(me);
    const UnixAddress address(listening);
    ::listen(listening, 0);
    me.saw("connect", address.connect(me, unix_socket(me)));
    me.bring([=](Party& it) {
        it.until_waits(it.first());
        it.close(listening);
    });
    me.saw("connect", address.connect(me, unix_socket(me)));
}

// A listener with a full backlog answers no SYN.
TENDRIL_SCENE(KernelConnect, EndsByItsTimeLimit) {
    const int listening = me.listener(0);
    const sockaddr_in address = address_of(listening);
    for (int i = 0; i < 4; ++i) {
        const int fd = tcp_socket(me, SOCK_NONBLOCK);
        connect_to(me, fd, address);
        pollfd ready{.fd = fd, .events = POLLOUT, .revents = 0};
        ::poll(&ready, 1, 20);
    }
    me.note("full");
    const int fd = tcp_socket(me);
    const timeval limit{.tv_sec = 0, .tv_usec = 30'000};
    ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    const auto start = std::chrono::steady_clock::now();
    me.saw("connect", connect_to(me, fd, address));
    me.noted_span(start, 30ms);
    me.saw("connect again", connect_to(me, fd, address));
}

TENDRIL_SCENE(KernelConnect, SetsTheAddressOfADatagramSocket) {
    const int here = me.keep(::socket(AF_INET, SOCK_DGRAM, 0));
    const int there = me.keep(::socket(AF_INET, SOCK_DGRAM, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::bind(here, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    me.saw("connect", connect_to(me, there, address_of(here)));
    me.saw("connect again", connect_to(me, there, address_of(here)));
    me.saw("send", me.call.send(there, "abc", 3, 0));
    char to[8];
    me.saw("recv", me.call.recv(here, to, sizeof to, 0), to);
    sockaddr none{};
    none.sa_family = AF_UNSPEC;
    me.saw("disconnect", me.call.connect(there, &none, sizeof none));
    me.saw("send", me.call.send(there, "abc", 3, 0));
}

}  // namespace
}  // namespace tendril::patch::testing
