// SPDX-License-Identifier: MIT
//
// The calls that receive, against the kernel.

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "scene.hpp"

using namespace std::chrono_literals;

namespace tendril::patch::testing {
namespace {

void limit(int fd, int which, std::chrono::milliseconds span) {
    const timeval limit{.tv_sec = 0, .tv_usec = std::chrono::microseconds(span).count()};
    ::setsockopt(fd, SOL_SOCKET, which, &limit, sizeof limit);
}

TENDRIL_SCENE(KernelRecv, WaitsForBytes) {
    const auto ends = me.tcp_pair();
    me.bring([=](Party& it) {
        it.until_waits(it.first());
        it.saw("send", it.call.send(ends.b, "one", 3, 0));
        it.until_waits(it.first());
        it.saw("write", it.call.write(ends.b, "two", 3));
        it.until_waits(it.first());
        it.saw("send", it.call.send(ends.b, "three", 5, 0));
        it.until_waits(it.first());
        it.saw("send", it.call.send(ends.b, "four", 4, 0));
    });
    char to[64];
    me.saw("recv", me.call.recv(ends.a, to, sizeof to, 0), to);
    me.saw("read", me.call.read(ends.a, to, sizeof to), to);
    me.saw("recvfrom", me.call.recvfrom(ends.a, to, sizeof to, 0, nullptr, nullptr), to);
    iovec part{.iov_base = to, .iov_len = sizeof to};
    me.saw("readv", me.call.readv(ends.a, &part, 1), to);
}

TENDRIL_SCENE(KernelRecv, PeeksAndTakes) {
    const auto ends = me.socket_pair();
    me.bring([=](Party& it) {
        it.until_waits(it.first());
        it.saw("send", it.call.send(ends.b, "abcdef", 6, 0));
    });
    char to[64];
    me.saw("recv", me.call.recv(ends.a, to, 4, MSG_PEEK), to);
    me.saw("recv", me.call.recv(ends.a, to, 0, 0));
    me.saw("recv", me.call.recv(ends.a, to, 2, 0), to);
    me.saw("recv", me.call.recv(ends.a, to, sizeof to, MSG_DONTWAIT), to);
    me.saw("recv", me.call.recv(ends.a, to, sizeof to, MSG_DONTWAIT), to);
    me.saw("recv", me.call.recv(ends.a, to, sizeof to, MSG_DONTWAIT | MSG_PEEK), to);
}

TENDRIL_SCENE(KernelRecv, WaitsForAll) {
    const auto ends = me.tcp_pair();
    me.bring([=](Party& it) {
        for (const char* piece : {"ab", "cd", "ef", "gh"}) {
            it.until_waits(it.first());
            it.saw("send", it.call.send(ends.b, piece, 2, 0));
        }
    });
    char to[64];
    me.saw("recv", me.call.recv(ends.a, to, 7, MSG_WAITALL), to);
    me.saw("recv", me.call.recv(ends.a, to, sizeof to, 0), to);
}

TENDRIL_SCENE(KernelRecv, WaitsForAllUntilTheEnd) {
    const auto ends = me.tcp_pair();
    me.bring([=](Party& it) {
        it.until_waits(it.first());
        it.saw("send", it.call.send(ends.b, "abc", 3, 0));
        it.until_waits(it.first());
        ::shutdown(ends.b, SHUT_WR);
    });
    char to[64];
    me.saw("recv", me.call.recv(ends.a, to, 7, MSG_WAITALL), to);
    me.saw("recv", me.call.recv(ends.a, to, 7, MSG_WAITALL), to);
}

TENDRIL_SCENE(KernelRecv, PeeksForAll) {
    const auto ends = me.tcp_pair();
    me.bring([=](Party& it) {
        it.until_waits(it.first());
        it.saw("send", it.call.send(ends.b, "abc", 3, 0));
        it.pause(5ms);
        it.saw("send", it.call.send(ends.b, "defg", 4, 0));
    });
    char to[64];
    me.saw("recv", me.call.recv(ends.a, to, 5, MSG_WAITALL | MSG_PEEK), to);
    me.saw("recv", me.call.recv(ends.a, to, 7, MSG_WAITALL), to);
}

TENDRIL_SCENE(KernelRecv, ScattersAll) {
    const auto ends = me.socket_pair();
    me.bring([=](Party& it) {
        it.until_waits(it.first());
        it.saw("send", it.call.send(ends.b, "abc", 3, 0));
        it.until_waits(it.first());
        it.saw("send", it.call.send(ends.b, "defghi", 6, 0));
    });
    char to[64]{};
    iovec parts[2] = {{.iov_base = to, .iov_len = 2}, {.iov_base = to + 8, .iov_len = 5}};
    msghdr message{};
    message.msg_iov = parts;
    message.msg_iovlen = 2;
    me.saw("recvmsg", me.call.recvmsg(ends.a, &message, MSG_WAITALL));
    me.note(to);
    me.note(to + 8);
    me.saw("parts", static_cast<long>(parts[0].iov_len * 100 + parts[1].iov_len));
}

TENDRIL_SCENE(KernelRecv, EndsByItsTimeLimit) {
    const auto ends = me.tcp_pair();
    limit(ends.a, SO_RCVTIMEO, 20ms);
    me.note("limited");
    char to[64];
    auto start = std::chrono::steady_clock::now();
    me.saw("recv", me.call.recv(ends.a, to, sizeof to, 0), to);
    me.noted_span(start, 20ms);
    start = std::chrono::steady_clock::now();
    me.saw("read", me.call.read(ends.a, to, sizeof to), to);
    me.noted_span(start, 20ms);
    me.saw("send", me.call.send(ends.b, "abc", 3, 0));
    start = std::chrono::steady_clock::now();
    me.saw("recv", me.call.recv(ends.a, to, 5, MSG_WAITALL), to);
    me.noted_span(start, 20ms);
    iovec part{.iov_base = to, .iov_len = sizeof to};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    start = std::chrono::steady_clock::now();
    me.saw("recvmsg", me.call.recvmsg(ends.a, &message, 0), to);
    me.noted_span(start, 20ms);
    limit(ends.a, SO_RCVTIMEO, 0ms);
    me.note("not limited");
    me.bring([=](Party& it) {
        it.pause(30ms);
        it.saw("send", it.call.send(ends.b, "abc", 3, 0));
    });
    me.saw("recv", me.call.recv(ends.a, to, sizeof to, 0), to);
}

TENDRIL_SCENE(KernelRecv, SeesTheEndAndAReset) {
    const auto ends = me.tcp_pair();
    me.bring([=](Party& it) {
        it.until_waits(it.first());
        ::shutdown(ends.b, SHUT_WR);
    });
    char to[64];
    me.saw("recv", me.call.recv(ends.a, to, sizeof to, 0), to);
    me.saw("recv", me.call.recv(ends.a, to, sizeof to, 0), to);
    me.saw("send", me.call.send(ends.a, "abc", 3, 0));
    me.saw("recv", me.call.recv(ends.b, to, sizeof to, 0), to);
    const auto second = me.tcp_pair();
    me.bring([=](Party& it) {
        it.until_waits(it.first());
        const linger none{.l_onoff = 1, .l_linger = 0};
        ::setsockopt(second.b, SOL_SOCKET, SO_LINGER, &none, sizeof none);
        it.close(second.b);
    });
    me.saw("recv", me.call.recv(second.a, to, sizeof to, 0), to);
    me.saw("recv", me.call.recv(second.a, to, sizeof to, 0), to);
}

TENDRIL_SCENE(KernelRecv, EndsWhenItsOwnSideIsShutDown) {
    const auto ends = me.tcp_pair();
    me.bring([=](Party& it) {
        it.until_waits(it.first());
        ::shutdown(ends.a, SHUT_RD);
    });
    char to[64];
    me.saw("recv", me.call.recv(ends.a, to, sizeof to, 0), to);
}

TENDRIL_SCENE(KernelRecv, TakesDatagrams) {
    const auto ends = me.socket_pair(SOCK_DGRAM);
    me.bring([=](Party& it) {
        it.until_waits(it.first());
        for (const char* text : {"first", "second", "third", "fourth"}) {
            it.saw("send", it.call.send(ends.b, text, std::strlen(text), 0));
        }
        it.saw("send", it.call.send(ends.b, "", 0, 0));
    });
    char to[64];
    me.saw("recv", me.call.recv(ends.a, to, 3, 0), to);
    me.saw("recv", me.call.recv(ends.a, to, 3, MSG_TRUNC) > 0);
    me.saw("recv", me.call.recv(ends.a, to, sizeof to, MSG_WAITALL), to);
    iovec part{.iov_base = to, .iov_len = 2};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    me.saw("recvmsg", me.call.recvmsg(ends.a, &message, 0), to);
    me.note(std::to_string(message.msg_flags == MSG_TRUNC));
    me.saw("recv", me.call.recv(ends.a, to, sizeof to, 0), to);
}

TENDRIL_SCENE(KernelRecv, TakesSeveralMessages) {
    const auto ends = me.socket_pair(SOCK_DGRAM);
    me.bring([=](Party& it) {
        it.until_waits(it.first());
        it.saw("send", it.call.send(ends.b, "ab", 2, 0));
        it.pause(5ms);
        it.saw("send", it.call.send(ends.b, "cd", 2, 0));
        it.pause(5ms);
        it.saw("send", it.call.send(ends.b, "ef", 2, 0));
    });
    char to[64]{};
    iovec parts[3] = {
        {.iov_base = to, .iov_len = 8}, {.iov_base = to + 8, .iov_len = 8}, {.iov_base = to + 16, .iov_len = 8}};
    mmsghdr messages[3]{};
    for (int i = 0; i < 3; ++i) {
        messages[i].msg_hdr.msg_iov = parts + i;
        messages[i].msg_hdr.msg_iovlen = 1;
    }
    me.saw("recvmmsg", me.call.recvmmsg(ends.a, messages, 3, 0, nullptr));
    me.note(std::string(to, 2) + std::string(to + 8, 2) + std::string(to + 16, 2));
    me.saw("recvmmsg", me.call.recvmmsg(ends.a, messages, 3, MSG_DONTWAIT, nullptr));
    me.saw("recvmmsg", me.call.recvmmsg(-1, messages, 3, 0, nullptr));
    me.saw("recvmmsg", me.call.recvmmsg(ends.a, messages, 0, 0, nullptr));
}

TENDRIL_SCENE(KernelRecv, TakesAtLeastOneMessage) {
    const auto ends = me.socket_pair(SOCK_DGRAM);
    me.bring([=](Party& it) {
        it.until_waits(it.first());
        it.saw("send", it.call.send(ends.b, "ab", 2, 0));
    });
    char to[64]{};
    iovec parts[2] = {{.iov_base = to, .iov_len = 8}, {.iov_base = to + 8, .iov_len = 8}};
    mmsghdr messages[2]{};
    messages[0].msg_hdr.msg_iov = parts;
    messages[0].msg_hdr.msg_iovlen = 1;
    messages[1].msg_hdr.msg_iov = parts + 1;
    messages[1].msg_hdr.msg_iovlen = 1;
    me.saw("recvmmsg", me.call.recvmmsg(ends.a, messages, 2, MSG_WAITFORONE, nullptr));
    me.note(std::to_string(messages[0].msg_len) + to);
    timespec bad{.tv_sec = 0, .tv_nsec = 2'000'000'000};
    me.saw("recvmmsg", me.call.recvmmsg(ends.a, messages, 2, 0, &bad));
}

// The kernel looks at the time limit after each message.
TENDRIL_SCENE(KernelRecv, StopsByTheTimeLimitOfSeveralMessages) {
    const auto ends = me.socket_pair(SOCK_DGRAM);
    me.bring([=](Party& it) {
        it.until_waits(it.first());
        it.saw("send", it.call.send(ends.b, "ab", 2, 0));
        it.pause(30ms);
        it.saw("send", it.call.send(ends.b, "cd", 2, 0));
    });
    char to[64]{};
    iovec parts[3] = {
        {.iov_base = to, .iov_len = 8}, {.iov_base = to + 8, .iov_len = 8}, {.iov_base = to + 16, .iov_len = 8}};
    mmsghdr messages[3]{};
    for (int i = 0; i < 3; ++i) {
        messages[i].msg_hdr.msg_iov = parts + i;
        messages[i].msg_hdr.msg_iovlen = 1;
    }
    timespec limit = to_timespec(20ms);
    me.saw("recvmmsg", me.call.recvmmsg(ends.a, messages, 3, 0, &limit));
    me.saw("left", limit.tv_sec == 0 && limit.tv_nsec == 0);
}

TENDRIL_SCENE(KernelRecv, TakesADescriptor) {
    const auto ends = me.socket_pair();
    const auto carried = me.pipe();
    me.bring([=](Party& it) {
        it.until_waits(it.first());
        char text[] = "x";
        iovec part{.iov_base = text, .iov_len = 1};
        alignas(cmsghdr) char room[CMSG_SPACE(sizeof(int))]{};
        msghdr message{};
        message.msg_iov = &part;
        message.msg_iovlen = 1;
        message.msg_control = room;
        message.msg_controllen = sizeof room;
        cmsghdr* head = CMSG_FIRSTHDR(&message);
        head->cmsg_level = SOL_SOCKET;
        head->cmsg_type = SCM_RIGHTS;
        head->cmsg_len = CMSG_LEN(sizeof(int));
        std::memcpy(CMSG_DATA(head), &carried.b, sizeof(int));
        it.saw("sendmsg", it.call.sendmsg(ends.b, &message, 0));
    });
    char to[64]{};
    iovec part{.iov_base = to, .iov_len = sizeof to};
    alignas(cmsghdr) char room[CMSG_SPACE(sizeof(int))]{};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = room;
    message.msg_controllen = sizeof room;
    me.saw("recvmsg", me.call.recvmsg(ends.a, &message, MSG_CMSG_CLOEXEC), to);
    me.saw("flags", message.msg_flags == MSG_CMSG_CLOEXEC);
    int got = -1;
    if (const cmsghdr* head = CMSG_FIRSTHDR(&message)) {
        std::memcpy(&got, CMSG_DATA(head), sizeof(int));
    }
    me.saw_descriptor("descriptor", got);
    me.saw("write", me.call.write(got, "through", 7));
    me.saw("read", me.call.read(carried.a, to, sizeof to), to);
}

TENDRIL_SCENE(KernelRecv, RefusesBadArguments) {
    const auto ends = me.socket_pair();
    const auto pipe = me.pipe();
    char to[64];
    me.saw("recv of -1", me.call.recv(-1, to, 1, 0));
    me.saw("recv of a pipe", me.call.recv(pipe.a, to, 1, 0));
    me.saw("recvfrom of a pipe", me.call.recvfrom(pipe.a, to, 1, 0, nullptr, nullptr));
    msghdr message{};
    me.saw("recvmsg of a pipe", me.call.recvmsg(pipe.a, &message, 0));
    me.saw("recvmsg of -1", me.call.recvmsg(-1, &message, 0));
    me.saw("recv out of band", me.call.recv(ends.a, to, 1, MSG_OOB) < 0);
    me.saw("send", me.call.send(ends.b, "abc", 3, 0));
    me.saw("recv to nowhere", me.call.recv(ends.a, nowhere(), 3, 0));
    me.saw("recv", me.call.recv(ends.a, to, 3, 0), to);
    const int lonely = me.keep(::socket(AF_INET, SOCK_STREAM, 0));
    me.saw("recv without a peer", me.call.recv(lonely, to, 1, 0));
    me.saw("read without a peer", me.call.read(lonely, to, 1));
    me.saw("recv of a listener", me.call.recv(me.listener(), to, 1, 0));
}

TENDRIL_SCENE(KernelRecv, SaysWhoHasSent) {
    const int here = me.keep(::socket(AF_INET, SOCK_DGRAM, 0));
    const int there = me.keep(::socket(AF_INET, SOCK_DGRAM, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::bind(here, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    socklen_t length = sizeof address;
    ::getsockname(here, reinterpret_cast<sockaddr*>(&address), &length);
    me.bring([=](Party& it) {
        it.until_waits(it.first());
        it.saw("sendto", it.call.sendto(there, "abc", 3, 0, reinterpret_cast<const sockaddr*>(&address), length));
        it.until_waits(it.first());
        it.saw("sendto", it.call.sendto(there, "de", 2, 0, reinterpret_cast<const sockaddr*>(&address), length));
    });
    char to[64];
    for (int i = 0; i < 2; ++i) {
        sockaddr_in from{};
        socklen_t room = sizeof from;
        auto* const at = reinterpret_cast<sockaddr*>(&from);
        me.saw("recvfrom",
               i == 0 ? me.call.recvfrom(here, to, sizeof to, 0, at, &room)
                      : me.call.__recvfrom_chk(here, to, 60, sizeof to, 0, at, &room),
               to);
        sockaddr_in known{};
        socklen_t known_length = sizeof known;
        ::getsockname(there, reinterpret_cast<sockaddr*>(&known), &known_length);
        me.saw("same port", known.sin_port == from.sin_port && room == sizeof from);
    }
}

TENDRIL_SCENE(KernelRecv, ReportsARefusalOnce) {
    const int there = me.keep(::socket(AF_INET, SOCK_DGRAM, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    {
        const int gone = ::socket(AF_INET, SOCK_DGRAM, 0);
        ::bind(gone, reinterpret_cast<const sockaddr*>(&address), sizeof address);
        socklen_t length = sizeof address;
        ::getsockname(gone, reinterpret_cast<sockaddr*>(&address), &length);
        ::close(gone);
    }
    me.saw("connect", me.call.connect(there, reinterpret_cast<const sockaddr*>(&address), sizeof address));
    me.saw("send", me.call.send(there, "x", 1, 0));
    char to[64];
    me.saw("recv", me.call.recv(there, to, sizeof to, 0));
    me.saw("__recv_chk", me.call.__recv_chk(there, to, 60, sizeof to, MSG_DONTWAIT));
}

}  // namespace
}  // namespace tendril::patch::testing
