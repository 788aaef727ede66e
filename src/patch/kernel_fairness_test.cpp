// SPDX-License-Identifier: MIT
//
// Loops of calls that never have to wait: they let other green threads run all the same.

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include <ctime>

#include <tendril/greenlet.hpp>

#include "scene.hpp"

using namespace std::chrono_literals;

namespace tendril::patch::testing {
namespace {

struct Ready {
    int zero;
    Party::Two sockets;
    int epoll;
};

struct Quick {
    const char* name;
    long (*call)(const SceneCalls& call, const Ready& ready);
};

char to[64];

const Quick calls_that_need_not_wait[] = {
    {"read", [](auto& call, auto& ready) { return long{call.read(ready.zero, to, 8)}; }},
    {"write", [](auto& call, auto& ready) { return long{call.write(ready.zero, to, 8)}; }},
    {"recv", [](auto& call, auto& ready) { return long{call.recv(ready.sockets.a, to, 2, MSG_PEEK)}; }},
    {"send",
     [](auto& call, auto& ready) {
         call.send(ready.sockets.a, "ab", 2, 0);
         return long{call.read(ready.sockets.b, to, 2)};
     }},
    {"poll",
     [](auto& call, auto& ready) {
         pollfd one{.fd = ready.zero, .events = POLLIN, .revents = 0};
         return long{call.poll(&one, 1, -1)};
     }},
    {"poll that finds nothing", [](auto& call, auto&) { return long{call.poll(nullptr, 0, 0)} + 1; }},
    {"select",
     [](auto& call, auto& ready) {
         fd_set set;
         FD_ZERO(&set);
         FD_SET(ready.zero, &set);
         return long{call.select(ready.zero + 1, &set, nullptr, nullptr, nullptr)};
     }},
    {"epoll_wait",
     [](auto& call, auto& ready) {
         epoll_event event;
         return long{call.epoll_wait(ready.epoll, &event, 1, -1)};
     }},
    {"epoll_wait that finds nothing",
     [](auto& call, auto& ready) {
         epoll_event event;
         return long{call.epoll_wait(ready.epoll, &event, 1, 0)};
     }},
    {"recv that finds nothing",
     [](auto& call, auto& ready) { return long{call.recv(ready.sockets.b, to, 2, MSG_DONTWAIT)} + 2; }},
    {"nanosleep",
     [](auto& call, auto&) {
         const timespec none{.tv_sec = 0, .tv_nsec = 0};
         return long{call.nanosleep(&none, nullptr)} + 1;
     }},
};

TENDRIL_TEST(KernelFairness, LetsOthersRun) {
    Scene(Way::green).play([](Party& me) {
        Ready ready{me.keep(::open("/dev/zero", O_RDWR)), me.socket_pair(), me.keep(::epoll_create1(0))};
        epoll_event event{};
        event.events = EPOLLIN;
        ::epoll_ctl(ready.epoll, EPOLL_CTL_ADD, ready.sockets.a, &event);
        me.call.send(ready.sockets.b, "ab", 2, 0);
        for (const Quick& each : calls_that_need_not_wait) {
            bool ran = false;
            auto other = spawn([&ran] {
                yield();
                ran = true;
            });
            int n = 0;
            while (!ran && n < 100'000) {
                ASSERT_GT(each.call(me.call, ready), 0) << each.name;
                ++n;
            }
            EXPECT_TRUE(ran) << each.name;
            other.get();
        }
    });
}

}  // namespace
}  // namespace tendril::patch::testing
