// SPDX-License-Identifier: MIT
//
// poll, select and their like, against the kernel.

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <csignal>
#include <string>

#include "scene.hpp"

using namespace std::chrono_literals;

namespace tendril::patch::testing {
namespace {

// Notes what a poll returned, and which events.
template <std::size_t n>
void saw_polled(Party& me, int result, pollfd (&fds)[n]) {
    me.saw("poll", result);
    std::string events;
    for (const pollfd& each : fds) {
        events += " " + std::to_string(each.revents);
    }
    me.note(events);
}

TENDRIL_SCENE(KernelPoll, WaitsForAPipe) {
    const auto first = me.pipe();
    const auto second = me.pipe();
    me.bring([=](Party& it) {
        it.until_waits(it.first());
        it.saw("write", it.call.write(second.b, "x", 1));
    });
    pollfd fds[3] = {{first.a, POLLIN, 7}, {second.a, POLLIN | POLLPRI, 7}, {-1, POLLIN, 7}};
    saw_polled(me, me.call.poll(fds, 3, -1), fds);
    saw_polled(me, me.call.poll(fds, 3, 0), fds);
    saw_polled(me, me.call.__poll_chk(fds, 3, 1000, sizeof fds), fds);
}

TENDRIL_SCENE(KernelPoll, EndsByItsTimeLimit) {
    const auto ends = me.pipe();
    pollfd fds[2] = {{ends.a, POLLIN, 7}, {-5, POLLIN, 7}};
    auto start = std::chrono::steady_clock::now();
    saw_polled(me, me.call.poll(fds, 2, 20), fds);
    me.noted_span(start, 20ms);
    start = std::chrono::steady_clock::now();
    me.saw("poll", me.call.poll(nullptr, 0, 20));
    me.noted_span(start, 20ms);
    const timespec limit = to_timespec(20ms);
    start = std::chrono::steady_clock::now();
    saw_polled(me, me.call.ppoll(fds, 2, &limit, nullptr), fds);
    me.noted_span(start, 20ms);
    start = std::chrono::steady_clock::now();
    saw_polled(me, me.call.__ppoll_chk(fds, 2, &limit, nullptr, sizeof fds), fds);
    me.noted_span(start, 20ms);
    me.note(std::to_string(limit.tv_nsec));
}

TENDRIL_SCENE(KernelPoll, SeesEndsAndErrors) {
    const auto ends = me.pipe();
    const auto other = me.pipe();
    me.bring([=](Party& it) {
        it.until_waits(it.first());
        it.close(ends.b);
        it.until_waits(it.first());
        it.close(other.a);
    });
    pollfd reading[1] = {{ends.a, POLLIN, 7}};
    saw_polled(me, me.call.poll(reading, 1, -1), reading);
    reading[0].events = 0;
    saw_polled(me, me.call.poll(reading, 1, -1), reading);
    me.fill(other.b);
    pollfd writing[1] = {{other.b, 0, 7}};
    saw_polled(me, me.call.poll(writing, 1, -1), writing);
}

TENDRIL_SCENE(KernelPoll, SeesAHalfClosedSocket) {
    const auto ends = me.tcp_pair();
    me.bring([=](Party& it) {
        it.until_waits(it.first());
        ::shutdown(ends.b, SHUT_WR);
        it.until_waits(it.first());
        ::shutdown(ends.a, SHUT_WR);
    });
    pollfd fds[1] = {{ends.a, POLLRDHUP, 7}};
    saw_polled(me, me.call.poll(fds, 1, -1), fds);
    fds[0].events = POLLIN | POLLRDHUP;
    saw_polled(me, me.call.poll(fds, 1, -1), fds);
    fds[0].events = 0;
    saw_polled(me, me.call.poll(fds, 1, -1), fds);
}

TENDRIL_SCENE(KernelPoll, SeesUrgentData) {
    const auto ends = me.tcp_pair();
    me.bring([=](Party& it) {
        it.until_waits(it.first());
        it.saw("send", it.call.send(ends.b, "!", 1, MSG_OOB));
    });
    pollfd fds[1] = {{ends.a, POLLPRI, 7}};
    saw_polled(me, me.call.poll(fds, 1, -1), fds);
    char to[4];
    me.saw("recv", me.call.recv(ends.a, to, 1, MSG_OOB), to);
}

TENDRIL_SCENE(KernelPoll, KnowsFilesAndClosedNumbers) {
    const auto ends = me.pipe();
    const int null = me.keep(::open("/dev/null", O_RDWR));
    const int file = me.keep(::open("/proc/self/exe", O_RDONLY));
    pollfd fds[4] = {{ends.a, POLLIN, 7}, {null, POLLIN | POLLOUT, 7}, {file, POLLIN, 7}, {100'000, POLLIN, 7}};
    saw_polled(me, me.call.poll(fds, 4, -1), fds);
    pollfd closed[2] = {{ends.a, POLLIN, 7}, {100'000, 0, 7}};
    saw_polled(me, me.call.poll(closed, 2, 1000), closed);
    pollfd same[2] = {{ends.b, POLLOUT, 7}, {ends.b, POLLIN, 7}};
    saw_polled(me, me.call.poll(same, 2, 1000), same);
}

TENDRIL_SCENE(KernelPoll, WaitsForOneDescriptorTwice) {
    const auto ends = me.socket_pair();
    me.fill(ends.a);
    me.bring([=](Party& it) {
        it.until_waits(it.first());
        it.saw("write", it.call.write(ends.b, "x", 1));
    });
    pollfd fds[2] = {{ends.a, POLLOUT, 7}, {ends.a, POLLIN, 7}};
    saw_polled(me, me.call.poll(fds, 2, -1), fds);
}

TENDRIL_SCENE(KernelPoll, RefusesBadArguments) {
    const auto ends = me.pipe();
    pollfd fds[1] = {{ends.a, POLLIN, 7}};
    me.saw("poll of nowhere", me.call.poll(reinterpret_cast<pollfd*>(nowhere()), 1, 10));
    timespec bad{.tv_sec = 0, .tv_nsec = 1'000'000'000};
    me.saw("ppoll", me.call.ppoll(fds, 1, &bad, nullptr));
    bad = {.tv_sec = -1, .tv_nsec = 0};
    me.saw("ppoll", me.call.ppoll(fds, 1, &bad, nullptr));
    fd_set set;
    FD_ZERO(&set);
    FD_SET(ends.a, &set);
    timeval wrong{.tv_sec = -1, .tv_usec = 0};
    me.saw("select", me.call.select(ends.a + 1, &set, nullptr, nullptr, &wrong));
    me.saw("select of -1", me.call.select(-1, &set, nullptr, nullptr, nullptr));
    me.saw("pselect", me.call.pselect(ends.a + 1, &set, nullptr, nullptr, &bad, nullptr));
    const int closed = me.pipe().b;
    me.close(closed);
    FD_SET(closed, &set);
    me.saw("select of a closed one", me.call.select(closed + 1, &set, nullptr, nullptr, nullptr));
    me.saw("set", FD_ISSET(ends.a, &set) && FD_ISSET(closed, &set));
}

TENDRIL_SCENE(KernelSelect, WaitsForAPipe) {
    const auto ends = me.pipe();
    const auto other = me.pipe();
    me.bring([=](Party& it) {
        it.until_waits(it.first());
        it.saw("write", it.call.write(ends.b, "x", 1));
    });
    fd_set reading;
    fd_set writing;
    FD_ZERO(&reading);
    FD_ZERO(&writing);
    FD_SET(ends.a, &reading);
    FD_SET(other.a, &reading);
    const int n = std::max(ends.a, other.a) + 1;
    me.saw("select", me.call.select(n, &reading, &writing, nullptr, nullptr));
    me.saw("set", FD_ISSET(ends.a, &reading) ? 1 : 0);
    me.saw("set", FD_ISSET(other.a, &reading) ? 1 : 0);
    FD_SET(other.b, &writing);
    me.saw("select", me.call.select(std::max(n, other.b + 1), &reading, &writing, nullptr, nullptr));
    me.saw("set", FD_ISSET(other.b, &writing) ? 1 : 0);
}

TENDRIL_SCENE(KernelSelect, EndsByItsTimeLimit) {
    const auto ends = me.pipe();
    fd_set reading;
    FD_ZERO(&reading);
    FD_SET(ends.a, &reading);
    timeval limit{.tv_sec = 0, .tv_usec = 20'000};
    auto start = std::chrono::steady_clock::now();
    me.saw("select", me.call.select(ends.a + 1, &reading, nullptr, nullptr, &limit));
    me.noted_span(start, 20ms);
    me.saw("left", limit.tv_sec * 1'000'000 + limit.tv_usec);
    me.saw("set", FD_ISSET(ends.a, &reading) ? 1 : 0);
    limit = {.tv_sec = 0, .tv_usec = 20'000};
    start = std::chrono::steady_clock::now();
    me.saw("select", me.call.select(0, nullptr, nullptr, nullptr, &limit));
    me.noted_span(start, 20ms);
    FD_SET(ends.a, &reading);
    const timespec most = to_timespec(20ms);
    start = std::chrono::steady_clock::now();
    me.saw("pselect", me.call.pselect(ends.a + 1, &reading, nullptr, nullptr, &most, nullptr));
    me.noted_span(start, 20ms);
    me.saw("set", FD_ISSET(ends.a, &reading) ? 1 : 0);
    me.saw("unchanged", most.tv_nsec);
    limit = {.tv_sec = 100, .tv_usec = 0};
    me.saw("write", me.call.write(ends.b, "x", 1));
    FD_SET(ends.a, &reading);
    me.saw("select", me.call.select(ends.a + 1, &reading, nullptr, nullptr, &limit));
    me.saw("left", limit.tv_sec == 99 || limit.tv_sec == 100);
}

TENDRIL_SCENE(KernelSelect, SeesUrgentDataAsAnException) {
    const auto ends = me.tcp_pair();
    me.bring([=](Party& it) {
        it.until_waits(it.first());
        it.saw("send", it.call.send(ends.b, "!", 1, MSG_OOB));
    });
    fd_set exceptions;
    FD_ZERO(&exceptions);
    FD_SET(ends.a, &exceptions);
    me.saw("select", me.call.select(ends.a + 1, nullptr, nullptr, &exceptions, nullptr));
    me.saw("set", FD_ISSET(ends.a, &exceptions) ? 1 : 0);
}

TENDRIL_SCENE(KernelSelect, SeesTheEndWhileItWaits) {
    const auto ends = me.pipe();
    me.bring([=](Party& it) {
        it.until_waits(it.first());
        it.close(ends.b);
    });
    fd_set reading;
    FD_ZERO(&reading);
    FD_SET(ends.a, &reading);
    me.saw("pselect", me.call.pselect(ends.a + 1, &reading, nullptr, nullptr, nullptr, nullptr));
    char to[4];
    me.saw("read", me.call.read(ends.a, to, sizeof to));
}

}  // namespace
}  // namespace tendril::patch::testing
