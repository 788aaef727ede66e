// SPDX-License-Identifier: MIT
//
// A Timeout and a kill in each call that waits: it fails with ECANCELED, as does the next one; nothing is lost; and
// deliver() throws.

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <cerrno>
#include <ctime>
#include <string>
#include <utility>

#include <tendril/patch/patch.hpp>
#include <tendril/timeout.hpp>

#include "scene.hpp"

using namespace std::chrono_literals;

namespace tendril::patch::testing {
namespace {

// What the calls wait for, in vain.
struct Silent {
    Party::Two pipe;
    Party::Two full_pipe;
    Party::Two sockets;
    Party::Two full_sockets;
    int listener;
    int epoll;
    int event;
    int locked;
    FILE* file;

    explicit Silent(Party& me)
        : pipe(me.pipe()), full_pipe(me.pipe()), sockets(me.socket_pair()), full_sockets(me.socket_pair()),
          listener(me.listener()), epoll(me.keep(::epoll_create1(0))), event(me.keep(::eventfd(0, 0))),
          locked(me.keep(::memfd_create("scene", 0))), file(::fdopen(::dup(pipe.a), "r")) {
        me.fill(full_pipe.b);
        EXPECT_EQ(::ftruncate(locked, 100), 0);
        me.fill(full_sockets.a);
        const int other = me.keep(::open(("/proc/self/fd/" + std::to_string(locked)).c_str(), O_RDWR));
        flock lock{};
        lock.l_type = F_WRLCK;
        ::fcntl(other, F_OFD_SETLK, &lock);
    }
    Silent(const Silent&) = delete;
    Silent& operator=(const Silent&) = delete;
    ~Silent() { std::fclose(file); }
};

struct Waiting {
    const char* name;
    long (*call)(const SceneCalls& call, const Silent& silent);  // Returns: -1 if it fails
};

char to[64];

const Waiting calls_that_wait[] = {
    {"read", [](auto& call, auto& s) { return long{call.read(s.pipe.a, to, 8)}; }},
    {"read of an eventfd", [](auto& call, auto& s) { return long{call.read(s.event, to, 8)}; }},
    {"read of a socket", [](auto& call, auto& s) { return long{call.read(s.sockets.a, to, 8)}; }},
    {"readv",
     [](auto& call, auto& s) {
         const iovec part{to, 8};
         return long{call.readv(s.pipe.a, &part, 1)};
     }},
    {"write", [](auto& call, auto& s) { return long{call.write(s.full_pipe.b, to, 8)}; }},
    {"writev",
     [](auto& call, auto& s) {
         const iovec part{to, 8};
         return long{call.writev(s.full_sockets.a, &part, 1)};
     }},
    {"recv", [](auto& call, auto& s) { return long{call.recv(s.sockets.a, to, 8, 0)}; }},
    {"recv of all", [](auto& call, auto& s) { return long{call.recv(s.sockets.a, to, 8, MSG_WAITALL)}; }},
    {"recvfrom", [](auto& call, auto& s) { return long{call.recvfrom(s.sockets.a, to, 8, 0, nullptr, nullptr)}; }},
    {"recvmsg",
     [](auto& call, auto& s) {
         msghdr message{};
         return long{call.recvmsg(s.sockets.a, &message, 0)};
     }},
    {"recvmmsg",
     [](auto& call, auto& s) {
         mmsghdr message{};
         return long{call.recvmmsg(s.sockets.a, &message, 1, 0, nullptr)};
     }},
    {"send", [](auto& call, auto& s) { return long{call.send(s.full_sockets.a, to, 8, 0)}; }},
    {"sendmsg",
     [](auto& call, auto& s) {
         iovec part{to, 8};
         msghdr message{};
         message.msg_iov = &part;
         message.msg_iovlen = 1;
         return long{call.sendmsg(s.full_sockets.a, &message, 0)};
     }},
    {"sendmmsg",
     [](auto& call, auto& s) {
         iovec part{to, 8};
         mmsghdr message{};
         message.msg_hdr.msg_iov = &part;
         message.msg_hdr.msg_iovlen = 1;
         return long{call.sendmmsg(s.full_sockets.a, &message, 1, 0)};
     }},
    {"sendfile", [](auto& call, auto& s) { return long{call.sendfile(s.full_sockets.a, s.locked, nullptr, 8)}; }},
    {"splice", [](auto& call, auto& s) { return long{call.splice(s.pipe.a, nullptr, s.sockets.b, nullptr, 8, 0)}; }},
    {"accept", [](auto& call, auto& s) { return long{call.accept(s.listener, nullptr, nullptr)}; }},
    {"poll",
     [](auto& call, auto& s) {
         pollfd one{.fd = s.pipe.a, .events = POLLIN, .revents = 0};
         return long{call.poll(&one, 1, -1)};
     }},
    {"ppoll", [](auto& call, auto&) { return long{call.ppoll(nullptr, 0, nullptr, nullptr)}; }},
    {"select",
     [](auto& call, auto& s) {
         fd_set set;
         FD_ZERO(&set);
         FD_SET(s.pipe.a, &set);
         return long{call.select(s.pipe.a + 1, &set, nullptr, nullptr, nullptr)};
     }},
    {"pselect", [](auto& call, auto&) { return long{call.pselect(0, nullptr, nullptr, nullptr, nullptr, nullptr)}; }},
    {"epoll_wait",
     [](auto& call, auto& s) {
         epoll_event event;
         return long{call.epoll_wait(s.epoll, &event, 1, -1)};
     }},
    {"fcntl",
     [](auto& call, auto& s) {
         flock lock{};
         lock.l_type = F_WRLCK;
         return long{call.fcntl(s.locked, F_OFD_SETLKW, &lock)};
     }},
    {"fgets", [](auto& call, auto& s) { return call.fgets(to, 8, s.file) == nullptr ? -1L : 0L; }},
    {"getc", [](auto& call, auto& s) { return long{call.getc(s.file)}; }},
    {"fread", [](auto& call, auto& s) { return call.fread(to, 1, 8, s.file) == 0 ? -1L : 0L; }},
    {"nanosleep",
     [](auto& call, auto&) {
         const timespec span{.tv_sec = 100, .tv_nsec = 0};
         return long{call.nanosleep(&span, nullptr)};
     }},
    {"clock_nanosleep",
     [](auto& call, auto&) {
         const timespec span{.tv_sec = 100, .tv_nsec = 0};
         errno = call.clock_nanosleep(CLOCK_MONOTONIC, 0, &span, nullptr);
         return errno != 0 ? -1L : 0L;
     }},
    {"usleep", [](auto& call, auto&) { return long{call.usleep(100'000'000)}; }},
};

// Makes the call twice. Returns: whether both failed with ECANCELED.
bool is_canceled(const Waiting& each, const SceneCalls& call, const Silent& silent) {
    for (int i = 0; i < 2; ++i) {
        errno = 0;
        const long r = each.call(call, silent);
        if (r != -1 || errno != ECANCELED) {
            ADD_FAILURE() << each.name << " returned " << r << ", errno " << errno;
            return false;
        }
        std::clearerr(silent.file);
    }
    return true;
}

// Whether what was waited for in vain still comes afterwards: nothing was consumed.
void expect_unharmed(Party& me, const Silent& silent) {
    EXPECT_EQ(me.call.write(silent.pipe.b, "abc\n", 4), 4);
    EXPECT_EQ(me.call.read(silent.pipe.a, to, 8), 4);
    EXPECT_EQ(me.call.send(silent.sockets.b, "abc", 3, 0), 3);
    EXPECT_EQ(me.call.recv(silent.sockets.a, to, 8, 0), 3);
    EXPECT_EQ(me.call.recv(silent.sockets.a, to, 8, MSG_DONTWAIT), -1);
}

TENDRIL_TEST(KernelInterrupt, IsPendingAfterATimeout) {
    Scene(Way::green).play([](Party& me) {
        const Silent silent(me);
        for (const Waiting& each : calls_that_wait) {
            bool canceled = false;
            EXPECT_FALSE(with_timeout(10ms, [&] {
                canceled = is_canceled(each, me.call, silent);
                deliver();
            })) << each.name;
            EXPECT_TRUE(canceled) << each.name;
        }
        expect_unharmed(me, silent);
    });
}

TENDRIL_TEST(KernelInterrupt, IsPendingAfterAKill) {
    Scene(Way::green).play([](Party& me) {
        const Silent silent(me);
        for (const Waiting& each : calls_that_wait) {
            bool canceled = false;
            bool survived = false;
            auto victim = spawn([&] {
                canceled = is_canceled(each, me.call, silent);
                deliver();
                survived = true;
            });
            tendril::sleep(5ms);
            EXPECT_TRUE(victim.kill(5s)) << each.name;
            EXPECT_TRUE(canceled) << each.name;
            EXPECT_FALSE(survived) << each.name;
            EXPECT_TRUE(victim.killed());
        }
        expect_unharmed(me, silent);
    });
}

// What was moved before is what the call returns; the next one fails.
TENDRIL_TEST(KernelInterrupt, LetsACallReturnWhatItMoved) {
    Scene(Way::green).play([](Party& me) {
        const auto ends = me.socket_pair();
        const std::string much(4 << 20, 'x');
        EXPECT_FALSE(with_timeout(20ms, [&] {
            const long sent = me.call.send(ends.a, much.data(), much.size(), 0);
            EXPECT_GT(sent, 0);
            EXPECT_LT(sent, static_cast<long>(much.size()));
            EXPECT_EQ(me.call.write(ends.a, much.data(), much.size()), -1);
            EXPECT_EQ(errno, ECANCELED);
            deliver();
        }));
        const auto others = me.socket_pair();
        EXPECT_EQ(me.call.send(others.b, "abc", 3, 0), 3);
        EXPECT_FALSE(with_timeout(20ms, [&] {
            EXPECT_EQ(me.call.recv(others.a, to, 8, MSG_WAITALL), 3);
            EXPECT_EQ(me.call.recv(others.a, to, 8, 0), -1);
            EXPECT_EQ(errno, ECANCELED);
            deliver();
        }));
    });
}

// A call that need not wait works while an interrupt is pending, and the next wait of the caller throws.
TENDRIL_TEST(KernelInterrupt, DoesNotDisturbCallsThatNeedNotWait) {
    Scene(Way::green).play([](Party& me) {
        const auto ends = me.pipe();
        EXPECT_FALSE(with_timeout(10ms, [&] {
            EXPECT_EQ(me.call.read(ends.a, to, 8), -1);
            EXPECT_EQ(me.call.write(ends.b, "abc", 3), 3);
            EXPECT_EQ(me.call.read(ends.a, to, 8), 3);
            tendril::sleep(1ms);
            ADD_FAILURE() << "the sleep threw nothing";
        }));
    });
}

}  // namespace
}  // namespace tendril::patch::testing
