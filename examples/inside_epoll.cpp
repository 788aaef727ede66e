// SPDX-License-Identifier: MIT
//
// A program that has an event loop of its own, here one of epoll(7), and green threads in it: the loop polls the hub's
// descriptor next to its own, and gives the hub a turn when that is readable or its time has come.

#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>

#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>
#include <tendril/pipe.hpp>

using namespace std::chrono_literals;

void watch(int loop, int fd) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    ::epoll_ctl(loop, EPOLL_CTL_ADD, fd, &event);
}

int main() {
    tendril::Hub& hub = tendril::Hub::current();
    auto [reading, writing] = tendril::make_pipe();
    const auto reader = tendril::spawn([&, &from = reading] {
        char text[16];
        const std::size_t n = from.recv(text);
        std::printf("a green thread read \"%.*s\"\n", static_cast<int>(n), text);
        tendril::sleep(20ms);
        std::printf("and has slept\n");
    });

    // The program's own event: a timer, upon which it writes into the pipe.
    const int timer = ::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    const itimerspec in_10_ms{.it_interval = {}, .it_value = {.tv_sec = 0, .tv_nsec = 10'000'000}};
    ::timerfd_settime(timer, 0, &in_10_ms, nullptr);
    const int loop = ::epoll_create1(EPOLL_CLOEXEC);
    watch(loop, timer);
    watch(loop, hub.descriptor());

    while (!reader.ready()) {
        const tendril::Deadline next = hub.turn();
        if (reader.ready()) {
            break;
        }
        int timeout = -1;  // in milliseconds
        if (!next.is_never()) {
            timeout = static_cast<int>(
                std::chrono::ceil<std::chrono::milliseconds>(std::min<std::chrono::nanoseconds>(next.remaining(), 1h))
                    .count());
        }
        std::array<epoll_event, 8> events{};
        const int n = ::epoll_wait(loop, events.data(), static_cast<int>(events.size()), timeout);
        for (int i = 0; i < n; ++i) {
            if (events[static_cast<std::size_t>(i)].data.fd == timer) {
                std::printf("the loop's own timer\n");
                ::epoll_ctl(loop, EPOLL_CTL_DEL, timer, nullptr);
                writing.send_all("hello");
            }
        }
    }
    ::close(timer);
    ::close(loop);
}
