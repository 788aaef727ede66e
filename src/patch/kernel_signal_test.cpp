// SPDX-License-Identifier: MIT
//
// What the handler of a signal does to the calls that wait, with and without SA_RESTART, against the kernel.

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <csignal>
#include <ctime>
#include <functional>
#include <string>
#include <vector>

#include "scene.hpp"

using namespace std::chrono_literals;

namespace tendril::patch::testing {
namespace {

volatile sig_atomic_t handled = 0;

// Handles SIGUSR1, until it ends.
class Handles {
public:
    Handles(Party& me, int flags) : me_(me) {
        handled = 0;
        struct sigaction action {};
        action.sa_handler = [](int) { handled = handled + 1; };
        action.sa_flags = flags;
        me.saw("sigaction", me.call.sigaction(SIGUSR1, &action, &before_));
    }
    Handles(const Handles&) = delete;
    Handles& operator=(const Handles&) = delete;
    ~Handles() { me_.call.sigaction(SIGUSR1, &before_, nullptr); }

private:
    Party& me_;
    struct sigaction before_ {};
};

// Another party signals the first when it waits, `times` times, and then acts.
void interrupt(
    Party& me, int times = 1, std::function<void(Party&)> then = [](Party&) {}) {
    me.bring([times, then](Party& it) {
        for (int i = 0; i < times; ++i) {
            it.until_waits(it.first());
            it.signal(it.first(), SIGUSR1);
            it.pause(3ms);
        }
        then(it);
    });
}

TENDRIL_SCENE(KernelSignal, BreaksOffCalls) {
    const Handles handler(me, 0);
    const auto pipe = me.pipe();
    const auto sockets = me.socket_pair();
    char to[8];
    interrupt(me);
    me.saw("read", me.call.read(pipe.a, to, sizeof to));
    interrupt(me);
    me.saw("recv", me.call.recv(sockets.a, to, sizeof to, 0));
    interrupt(me);
    me.saw("recv", me.call.recv(sockets.a, to, sizeof to, MSG_WAITALL));
    interrupt(me);
    me.saw("accept", me.call.accept(me.listener(), nullptr, nullptr));
    me.fill(pipe.b);
    interrupt(me);
    me.saw("write", me.call.write(pipe.b, "x", 1));
    me.fill(sockets.b);
    interrupt(me);
    me.saw("send", me.call.send(sockets.b, "x", 1, 0));
    me.saw("handled", handled);
}

TENDRIL_SCENE(KernelSignal, RestartsCalls) {
    const Handles handler(me, SA_RESTART);
    const auto pipe = me.pipe();
    const auto sockets = me.socket_pair();
    char to[8];
    interrupt(me, 2, [=](Party& it) { it.saw("write", it.call.write(pipe.b, "abc", 3)); });
    me.saw("read", me.call.read(pipe.a, to, sizeof to), to);
    interrupt(me, 2, [=](Party& it) { it.saw("write", it.call.write(sockets.b, "def", 3)); });
    me.saw("recv", me.call.recv(sockets.a, to, sizeof to, 0), to);
    me.saw("handled", handled);
}

// Calls with a time limit are not restarted.
TENDRIL_SCENE(KernelSignal, BreaksOffCallsWithALimit) {
    const Handles handler(me, SA_RESTART);
    const auto sockets = me.socket_pair();
    const timeval limit{.tv_sec = 30, .tv_usec = 0};
    ::setsockopt(sockets.a, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    char to[8];
    interrupt(me);
    me.saw("recv", me.call.recv(sockets.a, to, sizeof to, 0));
    pollfd one{.fd = sockets.a, .events = POLLIN, .revents = 0};
    interrupt(me);
    me.saw("poll", me.call.poll(&one, 1, -1));
    interrupt(me);
    me.saw("ppoll", me.call.ppoll(&one, 1, nullptr, nullptr));
    fd_set set;
    FD_ZERO(&set);
    FD_SET(sockets.a, &set);
    interrupt(me);
    me.saw("select", me.call.select(sockets.a + 1, &set, nullptr, nullptr, nullptr));
    me.saw("set", FD_ISSET(sockets.a, &set) ? 1 : 0);
    const int epoll = me.keep(::epoll_create1(0));
    epoll_event event;
    interrupt(me);
    me.saw("epoll_wait", me.call.epoll_wait(epoll, &event, 1, -1));
    me.saw("handled", handled);
}

TENDRIL_SCENE(KernelSignal, BreaksOffSleeps) {
    const Handles handler(me, SA_RESTART);
    const timespec span{.tv_sec = 30, .tv_nsec = 0};
    timespec left{};
    interrupt(me);
    me.saw("nanosleep", me.call.nanosleep(&span, &left));
    me.saw("left", left.tv_sec == 29);
    interrupt(me);
    me.saw("clock_nanosleep", me.call.clock_nanosleep(CLOCK_MONOTONIC, 0, &span, &left));
    me.saw("left", left.tv_sec == 29);
    interrupt(me);
    me.saw("usleep", me.call.usleep(30'000'000));
    interrupt(me);
    me.saw("sleep", me.call.sleep(30) >= 29);
    me.saw("handled", handled);
}

// What is moved already is what the call returns.
TENDRIL_SCENE(KernelSignal, ReturnsWhatIsMoved) {
    const Handles handler(me, 0);
    const auto sockets = me.tcp_pair();
    me.saw("send", me.call.send(sockets.b, "abc", 3, 0));
    char to[8];
    interrupt(me);
    me.saw("recv", me.call.recv(sockets.a, to, sizeof to, MSG_WAITALL), to);
    const std::string much(8 << 20, 'x');
    interrupt(me);
    const long sent = me.call.send(sockets.a, much.data(), much.size(), 0);
    me.saw("send", sent > 0 && sent < static_cast<long>(much.size()));
    me.saw("handled", handled);
}

// The mask of the call lets through what the caller blocks.
TENDRIL_SCENE(KernelSignal, CountsTheMaskOfThePoll) {
    const Handles handler(me, 0);
    sigset_t blocked;
    sigset_t before;
    sigset_t none;
    sigemptyset(&blocked);
    sigemptyset(&none);
    sigaddset(&blocked, SIGUSR1);
    ::pthread_sigmask(SIG_BLOCK, &blocked, &before);
    const auto pipe = me.pipe();
    pollfd one{.fd = pipe.a, .events = POLLIN, .revents = 0};
    const timespec short_time = to_timespec(10ms);
    me.signal(me, SIGUSR1);
    me.saw("ppoll", me.call.ppoll(&one, 1, &short_time, nullptr));
    me.saw("handled", handled);
    me.saw("ppoll", me.call.ppoll(&one, 1, nullptr, &none));
    me.saw("handled", handled);
    interrupt(me);
    me.saw("ppoll", me.call.ppoll(&one, 1, nullptr, &none));
    me.saw("handled", handled);
    fd_set set;
    FD_ZERO(&set);
    FD_SET(pipe.a, &set);
    me.signal(me, SIGUSR1);
    me.saw("pselect", me.call.pselect(pipe.a + 1, &set, nullptr, nullptr, nullptr, &none));
    me.saw("handled", handled);
    const int epoll = me.keep(::epoll_create1(0));
    epoll_event event;
    me.signal(me, SIGUSR1);
    me.saw("epoll_pwait", me.call.epoll_pwait(epoll, &event, 1, -1, &none));
    me.saw("handled", handled);
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

}  // namespace
}  // namespace tendril::patch::testing
