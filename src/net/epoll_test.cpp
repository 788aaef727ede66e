// SPDX-License-Identifier: MIT

#include <tendril/select.hpp>

#include <array>
#include <cerrno>
#include <utility>

#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>

#include "errno_of.hpp"
#include "green_test.hpp"
#include "pipe.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

using testing::errno_of;
using testing::Pipe;

TENDRIL_TEST(Epoll, LevelTriggeredTellsAgain) {
    const Pipe p;
    Epoll epoll;
    epoll.add(p.reader, EPOLLIN, 42);
    const auto writer = spawn([&] { p.write(); });
    for (int i = 0; i < 3; ++i) {
        const auto events = epoll.wait();
        ASSERT_EQ(events.size(), 1u);
        EXPECT_EQ(events[0].data, 42u);
        EXPECT_EQ(events[0].events, std::uint32_t{EPOLLIN});
    }
    writer.get();
}

TENDRIL_TEST(Epoll, EdgeTriggeredTellsOncePerWrite) {
    const Pipe p;
    Epoll epoll;
    epoll.add(p.reader, EPOLLIN | EPOLLET, 1);
    p.write();
    EXPECT_EQ(epoll.wait().size(), 1u);
    EXPECT_TRUE(epoll.wait(1ms).empty());
    const auto writer = spawn([&] { p.write(); });
    EXPECT_EQ(epoll.wait().size(), 1u);
    writer.get();
}

TENDRIL_TEST(Epoll, OneShotTellsAgainWhenItIsModified) {
    const Pipe p;
    Epoll epoll;
    epoll.add(p.reader, EPOLLIN | EPOLLONESHOT, 1);
    p.write();
    EXPECT_EQ(epoll.wait().size(), 1u);
    EXPECT_TRUE(epoll.wait(1ms).empty());
    epoll.modify(p.reader, EPOLLIN | EPOLLONESHOT, 2);
    const auto events = epoll.wait();
    ASSERT_EQ(events.size(), 1u);
    EXPECT_EQ(events[0].data, 2u);
    epoll.remove(p.reader);
    EXPECT_EQ(errno_of([&] { epoll.remove(p.reader); }), ENOENT);
}

TENDRIL_TEST(Epoll, TellsNoMoreThanItIsAskedFor) {
    const std::array<Pipe, 3> pipes;
    Epoll epoll;
    for (const Pipe& each : pipes) {
        epoll.add(each.writer, EPOLLOUT, 0);
    }
    EXPECT_EQ(epoll.wait(never, 2).size(), 2u);
    EXPECT_EQ(epoll.wait().size(), 3u);
}

TENDRIL_TEST(Epoll, EachEventGoesToOneOfThoseThatWait) {
    const Pipe p;
    Epoll epoll;
    epoll.add(p.reader, EPOLLIN | EPOLLET, 0);
    const auto wait = [&] { return epoll.wait(20ms).size(); };
    const auto first = spawn(wait);
    const auto second = spawn(wait);
    yield();
    p.write();
    EXPECT_EQ(first.get() + second.get(), 1u);
}

TENDRIL_TEST(Epoll, CloseWakesWhoWaits) {
    const Pipe p;
    Epoll epoll;
    epoll.add(p.reader, EPOLLIN, 0);
    const auto waiter = spawn([&] { return errno_of([&] { epoll.wait(); }); });
    yield();
    epoll.close();
    epoll.close();
    EXPECT_EQ(waiter.get(), EBADF);
    EXPECT_EQ(errno_of([&] { epoll.wait(); }), EBADF);
    EXPECT_EQ(errno_of([&] { epoll.add(p.reader, EPOLLIN, 0); }), EBADF);
    EXPECT_FALSE(epoll.is_open());
}

TENDRIL_TEST(Epoll, MovesWhileSomebodyWaits) {
    const Pipe p;
    Epoll epoll;
    epoll.add(p.reader, EPOLLIN, 5);
    const auto waiter = spawn([&] { return epoll.wait().at(0).data; });
    yield();
    Epoll moved = std::move(epoll);
    p.write();
    EXPECT_EQ(waiter.get(), 5u);
}

}  // namespace
}  // namespace tendril
