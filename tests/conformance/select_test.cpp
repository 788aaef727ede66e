// SPDX-License-Identifier: MIT
//
// Conformance, behaviours.md section 1.C, row C8, and section 3.I, row TI07: waiting for descriptors by number, and
// numbers that are closed or invalid before or during the wait. What is waited for is never ready: only the closing,
// a kill or a Timeout can end the wait.

#include <array>
#include <cerrno>
#include <functional>
#include <vector>

#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>
#include <tendril/select.hpp>
#include <tendril/socket.hpp>
#include <tendril/timeout.hpp>

#include "errno_of.hpp"
#include "green_test.hpp"
#include "pipe.hpp"
#include "until.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

using testing::errno_of;
using testing::Pipe;

struct Pair {
    Listener listener = listen("127.0.0.1:0");
    TcpSocket client = connect(listener.address());
    TcpSocket server = listener.accept();
};

// Ways to wait until fd is readable. Return: EBADF when they said that it is closed, 0 when it is readable.
using Way = int (*)(int fd, Deadline deadline);
const Way ways[] = {
    [](int fd, Deadline deadline) { return errno_of([&] { wait_readable(fd, deadline); }); },
    [](int fd, Deadline deadline) { return errno_of([&] { select({fd}, {}, {}, deadline); }); },
    [](int fd, Deadline deadline) { return errno_of([&] { select({fd}, {}, {fd}, deadline); }); },
    [](int fd, Deadline deadline) {
        std::array fds{PollFd{fd, POLLIN, 0}};
        poll(fds, deadline);
        return fds[0].revents == POLLNVAL ? EBADF : 0;
    },
};

int unused_number() {
    Pipe p;
    return p.reader.get();
}

TENDRIL_TEST(ConformanceI, TI07_ClosedOrInvalidBefore) {
    const int closed = unused_number();
    for (const Way& way : ways) {
        for (const int fd : {closed, 1'000'000}) {
            EXPECT_EQ(way(fd, 1h), EBADF);
            EXPECT_EQ(way(fd, 0s), EBADF);
        }
    }
    EXPECT_EQ(errno_of([] { select({-1}, {}, {}); }), EBADF);
    EXPECT_EQ(errno_of([] { select({TcpSocket()}, {}, {}); }), EBADF);
}

TENDRIL_TEST(ConformanceI, TI07_ASocketIsClosedDuringTheWait) {
    for (const Way& way : ways) {
        Pair p;
        const auto waiter = spawn(way, p.client.fd(), 1h);
        yield();
        EXPECT_FALSE(waiter.ready());
        p.client.close();
        EXPECT_EQ(waiter.get(), EBADF);
    }
}

// The number is used again before those who waited for it have their turn, and what is behind it now is readable.
TENDRIL_TEST(ConformanceI, TI07_ANumberThatIsUsedAgainWakesNobodyForItsNewOwner) {
    for (const Way& way : ways) {
        Pipe p;
        const int fd = p.reader.get();
        const auto waiter = spawn(way, fd, 1h);
        yield();
        closing(fd);
        p.reader.close();
        const Pipe next;
        ASSERT_EQ(next.reader.get(), fd);
        next.write();
        EXPECT_EQ(waiter.get(), EBADF);
    }
}

TENDRIL_TEST(ConformanceI, TI07_ClosedBetweenTheEventAndTheTurn) {
    for (const Way& way : ways) {
        Pipe p;
        const int fd = p.reader.get();
        const auto waiter = spawn(way, fd, 1h);
        yield();
        p.write();
        const auto closer = spawn([&] {
            closing(fd);
            p.reader.close();
        });
        closer.join();
        waiter.join();
        EXPECT_TRUE(waiter.get() == EBADF || waiter.get() == 0);  // who comes first, the event or the closing
    }
}

TENDRIL_TEST(ConformanceI, TI07_KilledAndTimedOutInside) {
    for (const Way& way : ways) {
        Pair p;
        const auto victim = spawn(way, p.client.fd(), 1h);
        yield();
        EXPECT_TRUE(victim.kill());
        EXPECT_TRUE(victim.killed());
        Timeout outer(1ms);
        EXPECT_THROW(way(p.client.fd(), 1h), Timeout::Expired);
        outer.cancel();
        p.server.send_all("x");  // and the descriptor is as good as ever
        EXPECT_EQ(way(p.client.fd(), 1h), 0);
        char c = 0;
        EXPECT_EQ(p.client.recv({&c, 1}), 1u);
    }
}

TENDRIL_TEST(ConformanceI, TI07_OneOfManyIsClosedDuringTheWait) {
    std::vector<Pair> pairs(3);
    const std::vector<int> numbers{pairs[0].client.fd(), pairs[1].client.fd(), pairs[2].client.fd()};
    const auto selector = spawn([&] { return errno_of([&] { select(numbers, {}, numbers); }); });
    std::array fds{PollFd{numbers[0], POLLIN, 0}, PollFd{numbers[1], POLLIN, 0}, PollFd{numbers[2], POLLIN, 0}};
    const auto poller = spawn([&] { return poll(fds); });
    yield();
    pairs[1].client.close();
    pairs[2].server.send_all("x");
    wait_readable(numbers[2]);
    EXPECT_EQ(selector.get(), EBADF);
    EXPECT_EQ(poller.get(), 2u);
    EXPECT_EQ(fds[0].revents, 0);
    EXPECT_EQ(fds[1].revents, POLLNVAL);
    EXPECT_EQ(fds[2].revents, POLLIN);
}

TENDRIL_TEST(ConformanceC, C8_ASecondWaiterIsRefusedAlsoBesideRecv) {
    Pair p;
    const auto reader = spawn([&] {
        char c = 0;
        return p.client.recv({&c, 1});
    });
    testing::until_waiting_for_io(1);
    EXPECT_THROW(wait_readable(p.client.fd()), ConcurrentUse);
    wait_writable(p.client.fd());
    p.server.send_all("x");
    EXPECT_EQ(reader.get(), 1u);
}

TENDRIL_TEST(ConformanceC, TC17_NothingIsKeptOfADescriptorWhoseWaitersEndedByExceptions) {
    Pipe p;
    const int fd = p.reader.get();
    for (int i = 0; i < 2; ++i) {
        EXPECT_THROW(wait_readable(fd, 1ms), TimeoutError);
        Timeout outer(1ms);
        EXPECT_THROW(wait_readable(fd), Timeout::Expired);
        outer.cancel();
        const auto killed = spawn([&] { wait_readable(fd); });
        yield();
        killed.kill();
        EXPECT_EQ(Hub::current().stats().waiting_for_io, 0u);
        p.write();
        wait_readable(fd);
        EXPECT_EQ(p.read(), 'x');
    }
}

}  // namespace
}  // namespace tendril
