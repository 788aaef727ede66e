// SPDX-License-Identifier: MIT
//
// The calls that send, against the kernel.

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <string>

#include "scene.hpp"

using namespace std::chrono_literals;

namespace tendril::patch::testing {
namespace {

char letter(std::size_t at) {
    return static_cast<char>('a' + at / 7 % 26);
}

std::string letters(std::size_t n) {
    std::string text(n, '\0');
    for (std::size_t i = 0; i < n; ++i) {
        text[i] = letter(i);
    }
    return text;
}

// Reads to the end, and notes how much of it is right.
void take_all(Party& me, int fd) {
    std::string to(50'000, '\0');
    std::size_t sum = 0;
    std::size_t right = 0;
    for (ssize_t n = 0; (n = me.call.read(fd, to.data(), to.size())) > 0;) {
        for (ssize_t i = 0; i < n; ++i) {
            right += to[static_cast<std::size_t>(i)] == letter(sum++);
        }
    }
    me.note(std::to_string(sum) + " bytes, of which right " + std::to_string(right));
}

void limit(int fd, std::chrono::milliseconds span) {
    const timeval limit{.tv_sec = 0, .tv_usec = std::chrono::microseconds(span).count()};
    ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

// A blocking call returns when all of it is sent.
TENDRIL_SCENE(KernelSend, SendsAllToASlowReader) {
    const auto ends = me.tcp_pair();
    me.bring([=](Party& it) {
        it.until_waits(it.first());
        take_all(it, ends.b);
    });
    const std::string text = letters(4 << 20);
    me.saw("send", me.call.send(ends.a, text.data(), text.size(), 0));
    me.close(ends.a);
}

TENDRIL_SCENE(KernelSend, WritesAllToASlowReader) {
    const auto ends = me.socket_pair();
    me.bring([=](Party& it) {
        it.until_waits(it.first());
        take_all(it, ends.b);
    });
    const std::string text = letters(1 << 20);
    me.saw("write", me.call.write(ends.a, text.data(), text.size()));
    me.close(ends.a);
}

TENDRIL_SCENE(KernelSend, GathersAllForASlowReader) {
    const auto ends = me.tcp_pair();
    me.bring([=](Party& it) {
        it.until_waits(it.first());
        take_all(it, ends.b);
    });
    std::string text = letters(6 << 20);
    iovec parts[3] = {{.iov_base = text.data(), .iov_len = 3},
                      {.iov_base = text.data() + 3, .iov_len = 3'000'000},
                      {.iov_base = text.data() + 3'000'003, .iov_len = 1'000'000}};
    msghdr message{};
    message.msg_iov = parts;
    message.msg_iovlen = 3;
    me.saw("sendmsg", me.call.sendmsg(ends.a, &message, 0));
    me.saw("parts", parts[0].iov_len == 3 && parts[1].iov_len == 3'000'000 && parts[2].iov_len == 1'000'000);
    parts[0] = {.iov_base = text.data() + 4'000'003, .iov_len = 2'000'000};
    parts[1] = {.iov_base = nullptr, .iov_len = 0};
    parts[2] = {.iov_base = text.data() + 6'000'003, .iov_len = 7};
    me.saw("writev", me.call.writev(ends.a, parts, 3));
    me.close(ends.a);
}

TENDRIL_SCENE(KernelSend, SendsPartWhenItMayNotWait) {
    const auto ends = me.socket_pair();
    const std::string text = letters(4 << 20);
    const long first = me.call.send(ends.a, text.data(), text.size(), MSG_DONTWAIT);
    me.note(std::to_string(first > 0 && first < 4 << 20));
    me.saw("send", me.call.send(ends.a, text.data(), text.size(), MSG_DONTWAIT));
    ::fcntl(ends.a, F_SETFL, O_NONBLOCK);
    me.saw("send", me.call.send(ends.a, text.data(), text.size(), 0));
    me.saw("write", me.call.write(ends.a, text.data(), text.size()));
    msghdr message{};
    iovec part{.iov_base = const_cast<char*>(text.data()), .iov_len = 100};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    me.saw("sendmsg", me.call.sendmsg(ends.a, &message, 0));
    me.saw("sendto", me.call.sendto(ends.a, text.data(), 10, 0, nullptr, 0));
}

TENDRIL_SCENE(KernelSend, EndsByItsTimeLimit) {
    const auto ends = me.socket_pair();
    me.fill(ends.a);
    limit(ends.a, 20ms);
    auto start = std::chrono::steady_clock::now();
    me.saw("send", me.call.send(ends.a, "abc", 3, 0));
    me.noted_span(start, 20ms);
    start = std::chrono::steady_clock::now();
    me.saw("write", me.call.write(ends.a, "abc", 3));
    me.noted_span(start, 20ms);
    limit(ends.b, 20ms);
    const std::string text = letters(4 << 20);
    start = std::chrono::steady_clock::now();
    const long sent = me.call.send(ends.b, text.data(), text.size(), 0);
    me.note(std::to_string(sent > 0 && sent < 4 << 20));
    me.noted_span(start, 20ms);
}

TENDRIL_SCENE(KernelSend, FailsWhenThePeerHasGone) {
    const auto ends = me.socket_pair();
    me.fill(ends.a);
    me.bring([=](Party& it) {
        it.until_waits(it.first());
        it.close(ends.b);
    });
    me.saw("send", me.call.send(ends.a, "abc", 3, MSG_NOSIGNAL));
    me.saw("send", me.call.send(ends.a, "abc", 3, MSG_NOSIGNAL));
    me.saw("send of nothing", me.call.send(ends.a, "abc", 0, MSG_NOSIGNAL));
}

TENDRIL_SCENE(KernelSend, ReturnsWhatItSentWhenThePeerGoes) {
    const auto ends = me.socket_pair();
    me.bring([=](Party& it) {
        it.until_waits(it.first());
        it.close(ends.b);
    });
    const std::string text = letters(4 << 20);
    const long sent = me.call.send(ends.a, text.data(), text.size(), MSG_NOSIGNAL);
    me.note(std::to_string(sent > 0 && sent < 4 << 20));
    me.saw("send", me.call.send(ends.a, "abc", 3, MSG_NOSIGNAL));
}

volatile int broken = 0;

TENDRIL_SCENE(KernelSend, SendsSigpipeUnlessTold) {
    const auto ends = me.socket_pair();
    me.close(ends.b);
    broken = 0;
    struct sigaction count {};
    struct sigaction before {};
    count.sa_handler = [](int) { broken = broken + 1; };
    ::sigaction(SIGPIPE, &count, &before);
    me.saw("send", me.call.send(ends.a, "abc", 3, MSG_NOSIGNAL));
    me.note(std::to_string(broken));
    me.saw("send", me.call.send(ends.a, "abc", 3, 0));
    me.note(std::to_string(broken));
    me.saw("write", me.call.write(ends.a, "abc", 3));
    me.note(std::to_string(broken));
    iovec part{.iov_base = const_cast<char*>("abc"), .iov_len = 3};
    me.saw("writev", me.call.writev(ends.a, &part, 1));
    me.note(std::to_string(broken));
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    me.saw("sendmsg", me.call.sendmsg(ends.a, &message, 0));
    me.note(std::to_string(broken));
    ::sigaction(SIGPIPE, &before, nullptr);
}

TENDRIL_SCENE(KernelSend, FailsAfterItsOwnSideIsShutDown) {
    const auto ends = me.tcp_pair();
    ::shutdown(ends.a, SHUT_WR);
    me.saw("send", me.call.send(ends.a, "abc", 3, MSG_NOSIGNAL));
    me.saw("send", me.call.send(ends.b, "abc", 3, MSG_NOSIGNAL));
    char to[8];
    me.saw("recv", me.call.recv(ends.a, to, sizeof to, 0), to);
}

// A datagram waits for room for the whole.
TENDRIL_SCENE(KernelSend, WaitsForRoomForADatagram) {
    const auto ends = me.socket_pair(SOCK_DGRAM);
    const std::size_t filled = me.fill(ends.a);
    me.bring([=](Party& it) {
        it.until_waits(it.first());
        std::string to(4096, '\0');
        std::size_t sum = 0;
        while (sum < filled) {
            sum += static_cast<std::size_t>(it.call.recv(ends.b, to.data(), to.size(), 0));
        }
        it.saw("recv", it.call.recv(ends.b, to.data(), to.size(), 0), to.data());
        it.saw("recv", it.call.recv(ends.b, to.data(), to.size(), 0), to.data());
    });
    me.saw("send", me.call.send(ends.a, "whole", 5, 0));
    me.saw("write", me.call.write(ends.a, "another", 7));
}

TENDRIL_SCENE(KernelSend, SendsSeveralMessages) {
    const auto ends = me.socket_pair(SOCK_DGRAM);
    char text[] = "abcdef";
    iovec parts[3] = {
        {.iov_base = text, .iov_len = 1}, {.iov_base = text + 1, .iov_len = 2}, {.iov_base = text + 3, .iov_len = 3}};
    mmsghdr messages[3]{};
    for (int i = 0; i < 3; ++i) {
        messages[i].msg_hdr.msg_iov = parts + i;
        messages[i].msg_hdr.msg_iovlen = 1;
    }
    me.saw("sendmmsg", me.call.sendmmsg(ends.a, messages, 3, 0));
    me.saw("length", messages[2].msg_len);
    char to[64];
    for (int i = 0; i < 3; ++i) {
        me.saw("recv", me.call.recv(ends.b, to, sizeof to, 0), to);
    }
    me.saw("sendmmsg of none", me.call.sendmmsg(ends.a, messages, 0, 0));
    me.saw("sendmmsg of -1", me.call.sendmmsg(-1, messages, 3, 0));
    const std::size_t filled = me.fill(ends.a);
    me.saw("sendmmsg", me.call.sendmmsg(ends.a, messages, 3, MSG_DONTWAIT));
    me.bring([=](Party& it) {
        it.until_waits(it.first());
        std::string all;
        std::string piece(4096, '\0');
        while (all.size() < filled + 6) {
            const long n = it.call.recv(ends.b, piece.data(), piece.size(), 0);
            if (n <= 0) {
                break;
            }
            all.append(piece.data(), static_cast<std::size_t>(n));
        }
        it.note(all.substr(filled));
    });
    me.saw("sendmmsg", me.call.sendmmsg(ends.a, messages, 3, 0));
}

TENDRIL_SCENE(KernelSend, RefusesBadArguments) {
    const auto ends = me.socket_pair();
    const auto pipe = me.pipe();
    me.saw("send to -1", me.call.send(-1, "x", 1, 0));
    me.saw("send to a pipe", me.call.send(pipe.b, "x", 1, 0));
    me.saw("sendto to a pipe", me.call.sendto(pipe.b, "x", 1, 0, nullptr, 0));
    msghdr message{};
    me.saw("sendmsg to a pipe", me.call.sendmsg(pipe.b, &message, 0));
    me.saw("sendmsg to -1", me.call.sendmsg(-1, &message, 0));
    me.saw("sendmsg of nothing", me.call.sendmsg(ends.a, &message, 0));
    me.saw("send from nowhere", me.call.send(ends.a, nowhere(), 3, 0));
    me.saw("send of nothing", me.call.send(ends.a, "", 0, 0));
    const int lonely = me.keep(::socket(AF_INET, SOCK_STREAM, 0));
    me.saw("send without a peer", me.call.send(lonely, "x", 1, MSG_NOSIGNAL));
    const int datagrams = me.keep(::socket(AF_INET, SOCK_DGRAM, 0));
    me.saw("send without an address", me.call.send(datagrams, "x", 1, 0));
    const std::string long_text(100'000, 'x');
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(9);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const auto* const to = reinterpret_cast<const sockaddr*>(&address);
    me.saw("sendto, too long", me.call.sendto(datagrams, long_text.data(), long_text.size(), 0, to, sizeof address));
    me.saw("sendto, bad address", me.call.sendto(datagrams, "x", 1, 0, to, 3));
    me.saw("sendto a connected one", me.call.sendto(ends.a, "x", 1, 0, to, sizeof address));
}

}  // namespace
}  // namespace tendril::patch::testing
