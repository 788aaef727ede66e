// SPDX-License-Identifier: MIT
//
// epoll_wait and its like, against the kernel.

#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <string>

#include "scene.hpp"

using namespace std::chrono_literals;

namespace tendril::patch::testing {
namespace {

int make_epoll(Party& me) {
    return me.keep(::epoll_create1(EPOLL_CLOEXEC));
}

void add(int epoll, int fd, std::uint32_t events, std::uint64_t data) {
    epoll_event event{};
    event.events = events;
    event.data.u64 = data;
    ::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

template <std::size_t n>
void saw_events(Party& me, int result, epoll_event (&events)[n]) {
    me.saw("epoll_wait", result);
    std::sort(events, events + std::max(result, 0),
              [](const epoll_event& a, const epoll_event& b) { return a.data.u64 < b.data.u64; });
    for (int i = 0; i < result; ++i) {
        me.note(std::to_string(events[i].data.u64) + ": " + std::to_string(events[i].events));
    }
}

TENDRIL_SCENE(KernelEpoll, WaitsForAPipe) {
    const int epoll = make_epoll(me);
    const auto ends = me.pipe();
    add(epoll, ends.a, EPOLLIN, 5);
    me.bring([=](Party& it) {
        it.until_waits(it.first());
        it.saw("write", it.call.write(ends.b, "x", 1));
    });
    epoll_event events[4];
    saw_events(me, me.call.epoll_wait(epoll, events, 4, -1), events);
    saw_events(me, me.call.epoll_pwait(epoll, events, 4, -1, nullptr), events);
    saw_events(me, me.call.epoll_pwait2(epoll, events, 4, nullptr, nullptr), events);
    saw_events(me, me.call.epoll_wait(epoll, events, 4, 0), events);
}

TENDRIL_SCENE(KernelEpoll, ReportsAnEdgeOnce) {
    const int epoll = make_epoll(me);
    const auto ends = me.pipe();
    add(epoll, ends.a, EPOLLIN | EPOLLET, 5);
    me.bring([=](Party& it) {
        it.until_waits(it.first());
        it.saw("write", it.call.write(ends.b, "x", 1));
        it.until_waits(it.first());
        it.saw("write", it.call.write(ends.b, "x", 1));
    });
    epoll_event events[4];
    saw_events(me, me.call.epoll_wait(epoll, events, 4, -1), events);
    saw_events(me, me.call.epoll_wait(epoll, events, 4, 0), events);
    saw_events(me, me.call.epoll_wait(epoll, events, 4, -1), events);
    saw_events(me, me.call.epoll_wait(epoll, events, 4, 10), events);
}

TENDRIL_SCENE(KernelEpoll, EndsByItsTimeLimit) {
    const int epoll = make_epoll(me);
    const auto ends = me.pipe();
    add(epoll, ends.a, EPOLLIN, 5);
    epoll_event events[4];
    auto start = std::chrono::steady_clock::now();
    saw_events(me, me.call.epoll_wait(epoll, events, 4, 20), events);
    me.noted_span(start, 20ms);
    start = std::chrono::steady_clock::now();
    saw_events(me, me.call.epoll_pwait(epoll, events, 4, 20, nullptr), events);
    me.noted_span(start, 20ms);
    const timespec limit = to_timespec(20ms);
    start = std::chrono::steady_clock::now();
    saw_events(me, me.call.epoll_pwait2(epoll, events, 4, &limit, nullptr), events);
    me.noted_span(start, 20ms);
}

TENDRIL_SCENE(KernelEpoll, ReturnsAtMostSoMany) {
    const int epoll = make_epoll(me);
    for (int i = 0; i < 5; ++i) {
        add(epoll, me.keep(::eventfd(1, 0)), EPOLLIN | EPOLLONESHOT, static_cast<std::uint64_t>(i));
    }
    epoll_event events[8];
    me.saw("epoll_wait", me.call.epoll_wait(epoll, events, 3, -1));
    me.saw("epoll_wait", me.call.epoll_wait(epoll, events, 3, -1));
    me.saw("epoll_wait", me.call.epoll_wait(epoll, events, 3, 10));
}

TENDRIL_SCENE(KernelEpoll, SeesWhatIsAddedWhileItWaits) {
    const int epoll = make_epoll(me);
    const auto ends = me.pipe();
    me.bring([=](Party& it) {
        it.until_waits(it.first());
        add(epoll, ends.b, EPOLLOUT, 9);
    });
    epoll_event events[4];
    saw_events(me, me.call.epoll_wait(epoll, events, 4, -1), events);
}

TENDRIL_SCENE(KernelEpoll, Nests) {
    const int outer = make_epoll(me);
    const int inner = make_epoll(me);
    const auto ends = me.pipe();
    add(outer, inner, EPOLLIN, 1);
    add(inner, ends.a, EPOLLIN, 2);
    me.bring([=](Party& it) {
        it.until_waits(it.first());
        it.saw("write", it.call.write(ends.b, "x", 1));
    });
    epoll_event events[4];
    saw_events(me, me.call.epoll_wait(outer, events, 4, -1), events);
    saw_events(me, me.call.epoll_wait(inner, events, 4, -1), events);
    pollfd polled{.fd = outer, .events = POLLIN, .revents = 0};
    me.saw("poll", me.call.poll(&polled, 1, -1));
    me.saw("events", polled.revents);
}

TENDRIL_SCENE(KernelEpoll, SeesTheEnd) {
    const int epoll = make_epoll(me);
    const auto ends = me.tcp_pair();
    add(epoll, ends.a, EPOLLRDHUP, 3);
    me.bring([=](Party& it) {
        it.until_waits(it.first());
        it.close(ends.b);
    });
    epoll_event events[4];
    saw_events(me, me.call.epoll_wait(epoll, events, 4, -1), events);
}

TENDRIL_SCENE(KernelEpoll, RefusesBadArguments) {
    const int epoll = make_epoll(me);
    const auto ends = me.pipe();
    epoll_event events[4];
    me.saw("of -1", me.call.epoll_wait(-1, events, 4, -1));
    me.saw("of a pipe", me.call.epoll_wait(ends.a, events, 4, -1));
    me.saw("of no events", me.call.epoll_wait(epoll, events, 0, -1));
    me.saw("of -1 events", me.call.epoll_pwait(epoll, events, -1, -1, nullptr));
    const timespec bad{.tv_sec = 0, .tv_nsec = -1};
    me.saw("bad time", me.call.epoll_pwait2(epoll, events, 4, &bad, nullptr));
    add(epoll, ends.b, EPOLLOUT, 1);
    me.saw("to nowhere", me.call.epoll_wait(epoll, reinterpret_cast<epoll_event*>(nowhere()), 4, -1));
}

}  // namespace
}  // namespace tendril::patch::testing
